"""Of an archive whatever is in its place is given out, and the first thing that is not is named and ends it."""

from pathlib import Path

import pytest

from llmsim.recovery.chain import Chain
from llmsim.recovery.places import Folder
from tests.archives import GENERATION, archive, begin, commit, segments_in, ship
from tests.snapshots import flip
from tests.stored import checked, fill


@pytest.fixture
def place(tmp_path: Path) -> Folder:
    return archive(tmp_path, commits=5)[1]


def read(place: Folder, after: int = 0, *, past_doubt: bool = False) -> tuple[list[int], list[str]]:
    """The first entry of each segment that the chain gives, and its doubts."""
    chain = Chain(place, 0, GENERATION, after, past_doubt)
    return [segment.header.first for segment in chain.segments()], chain.doubts


def test_chain_of_a_whole_archive_gives_all_of_it(place: Folder) -> None:
    assert read(place) == ([1, 2, 3, 4, 5], [])
    assert read(place, after=3) == ([4, 5], [])
    assert read(place, after=5) == ([], [])


def test_chain_with_a_gap_ends_before_it(place: Folder) -> None:
    segments_in(place)[2].unlink()
    gap = f"gap: entries 3 to 3 are missing before archive-0/{GENERATION}/000000000004-000000000004.segment"
    assert read(place) == ([1, 2], [gap])
    assert read(place, past_doubt=True)[0] == [1, 2, 4, 5]
    assert read(place, after=3) == ([4, 5], [])


def test_chain_with_a_damaged_segment_ends_before_it(place: Folder) -> None:
    flip(segments_in(place)[2], 900)
    given, [doubt] = read(place)
    assert given == [1, 2]
    assert "000000000003-000000000003.segment does not have the sha256 of its header" in doubt
    assert read(place, past_doubt=True)[0] == [1, 2, 4, 5]


def test_chain_with_a_truncated_segment_ends_before_it(place: Folder) -> None:
    path = segments_in(place)[4]
    path.write_bytes(path.read_bytes()[:-7])
    given, [doubt] = read(place)
    assert given == [1, 2, 3, 4]
    assert "is truncated" in doubt


def test_chain_with_a_segment_of_another_place_in_it_ends_before_it(place: Folder) -> None:
    first, second = segments_in(place)[1:3]
    second.write_bytes(first.read_bytes())
    given, [doubt] = read(place)
    assert given == [1, 2]
    assert "000000000003-000000000003.segment is foreign: it says that it is" in doubt


def test_chain_of_another_history_is_a_fork(place: Folder, tmp_path: Path) -> None:
    """A store that went another way under the same generation: its third entry follows its own second."""
    other = Folder(tmp_path / "other")
    other.prepare()
    with checked(fill(tmp_path / "second")) as environment:
        begin(environment)
        for number in range(3):
            commit(environment, number + 100)
            ship(environment, other)
    segments_in(place)[2].write_bytes(segments_in(other)[2].read_bytes())
    given, [doubt] = read(place)
    assert given == [1, 2]
    assert doubt.startswith(f"fork: archive-0/{GENERATION}/000000000003-000000000003.segment follows another segment")


def test_chain_with_an_entry_twice_is_a_fork(place: Folder, tmp_path: Path) -> None:
    other = Folder(tmp_path / "other")
    other.prepare()
    with checked(fill(tmp_path / "second")) as environment:
        begin(environment)
        for number in range(3):
            commit(environment, number)
        ship(environment, other)
    [whole] = segments_in(other)
    segments_in(place)[0].with_name(whole.name).write_bytes(whole.read_bytes())
    given, [doubt] = read(place)
    assert given == [1]
    assert doubt.startswith("fork: ")
    assert doubt.endswith("both have entry 1")


def test_chain_names_what_is_no_segment(place: Folder) -> None:
    segments_in(place)[0].with_name("notes.txt").touch()
    assert read(place) == ([1, 2, 3, 4, 5], [f"archive-0/{GENERATION}/notes.txt is no segment"])
