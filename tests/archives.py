"""Archives for tests: a store whose commits are shipped one by one, without a server."""

from pathlib import Path
from typing import Any

from llmsim.recovery import shipping
from llmsim.recovery.places import Folder, Place
from llmsim.recovery.restore import Restored, restore
from llmsim.recovery.sealing import PLAIN, Sealing
from llmsim.recovery.segments import Header
from llmsim.recovery.snapshot import create
from llmsim.recovery.sources import Wanted
from llmsim.store.environment import Environment
from llmsim.store.journal import BeginArchive, Shipped, archived
from tests.stored import checked, conversation, fill, put

GENERATION = "20261123T052700.000Z-0123abcd"
BASE_TURNS = 12
COMMIT_TURNS = 2


def begin(environment: Environment, generation: str = GENERATION) -> None:
    """Archive the store from here on."""
    with environment.write() as view:
        BeginArchive(generation)(view)


def commit(environment: Environment, number: int) -> None:
    """One more commit, of COMMIT_TURNS turns."""
    put(environment, *conversation(f"commit-{number}", COMMIT_TURNS))


def ship(environment: Environment, place: Place, ordinal: int = 0, sealing: Sealing = PLAIN) -> Header:
    """Ship all that is not shipped, as one segment."""
    with environment.read() as view:
        state = archived(view)
        assert state is not None
        batch = shipping.gather(view, ordinal, state)
    assert batch is not None
    segment = shipping.make(batch, sealing)
    with environment.write() as view:
        Shipped(shipping.put(place, segment))(view)
    return segment.header


def archive(folder: Path, commits: int = 4, ordinal: int = 0, sealing: Sealing = PLAIN) -> tuple[Path, Folder]:
    """A store of BASE_TURNS turns, its snapshot, and so many commits after it, each in a segment: store and place."""
    data_dir, place = fill(folder / "data", ordinal=ordinal), Folder(folder / "place")
    with checked(data_dir) as environment:
        begin(environment)
    create(data_dir, place, sealing=sealing)
    with checked(data_dir) as environment:
        for number in range(commits):
            commit(environment, number)
            ship(environment, place, ordinal, sealing)
    return data_dir, place


def segments_in(place: Folder) -> list[Path]:
    """The files of an archive, in order."""
    return sorted(place.path.rglob("*.segment"))


def restored(place: Place, data_dir: Path, ordinal: int = 0, **wanted: Any) -> Restored:  # noqa: ANN401  (any field of it)
    """What `restore` makes of a place."""
    return restore(Wanted(place.url, ordinal, **wanted), data_dir)
