"""Pods that are archived, in virtual time: whatever their place is asked, it is asked in the loop, and can be away."""

from pathlib import Path
from typing import Any, TypeVar

import attrs
import pytest
import trio

from llmsim.errors import PlaceUnreachable
from llmsim.recovery import segments
from llmsim.recovery.places import Folder, Found
from llmsim.recovery.sealing import PLAIN
from llmsim.recovery.segments import Segment
from llmsim.serving.archiver import Archiver
from llmsim.serving.protection import Protection
from llmsim.serving.snapshots import Snapshots
from tests.archives import segments_in
from tests.pods import PodUnderTest

T = TypeVar("T")


class Away(Folder):
    """A folder that does not answer while `down`."""

    down = False

    def _require(self) -> None:
        if self.down:
            raise PlaceUnreachable(f"{self.url} does not answer")

    def prepare(self) -> None:
        self._require()
        super().prepare()

    def put(self, name: str, content: bytes) -> None:
        self._require()
        super().put(name, content)

    def find(self, beginning: str = "") -> list[Found]:
        self._require()
        return super().find(beginning)


@attrs.define
class Asked:
    """The places that snapshots were asked for."""

    places: list[str | None] = attrs.field(factory=list)


def ask_in_the_loop(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """No thread and no child process from here on; a snapshot that is taken is noted, and not made."""
    asked = Asked()

    async def ask(_self: Archiver, question: Any) -> Any:  # noqa: ANN401  (what the question gives)
        await trio.lowlevel.checkpoint()
        return question()

    async def take(_self: Snapshots, to: str | None = None) -> dict[str, Any]:
        await trio.lowlevel.checkpoint()
        asked.places.append(to)
        return {}

    monkeypatch.setattr(Archiver, "_ask", ask)
    monkeypatch.setattr(Snapshots, "take", take)
    return asked


def archiving(place: Folder, **changes: Any) -> Protection:  # noqa: ANN401  (as attrs.evolve)
    """The store goes there, once a second."""
    return attrs.evolve(Protection(archive=place), **changes)


def shipped(place: Folder) -> list[Segment]:
    """What an archive has, in order."""
    return [segments.parse(str(path.relative_to(place.path)), path.read_bytes()) for path in segments_in(place)]


def turns_in(place: Folder) -> int:
    """How many turns an archive tells of."""
    entries = [entry for segment in shipped(place) for entry in segment.entries(PLAIN)]
    return sum(operation.turns for entry in entries for operation in entry.operations)


async def gauge(under: PodUnderTest, name: str) -> float:
    """A metric of the pod."""
    text = (await under.client.exchange("GET", "/metrics", {})).body.decode()
    [line] = [line for line in text.splitlines() if line.startswith(f"llm_simulator_{name} ")]
    return float(line.split()[1])


def copy_of(data_dir: Path, folder: Path) -> Path:
    """The volume as it is now."""
    folder.mkdir()
    (folder / "data.mdb").write_bytes((data_dir / "data.mdb").read_bytes())
    return folder
