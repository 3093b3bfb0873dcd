"""A segment says what it holds, and any other byte in it is found."""

import hashlib
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ArchiveDamaged, OperatorError
from llmsim.recovery import segments
from llmsim.recovery.sealing import AGE, PLAIN
from llmsim.recovery.segments import Header, Name, Segment, join, parse, render, split
from llmsim.store.journal import Entry, Operation, pack_entry
from tests.archives import archive, segments_in

ENTRIES = [
    Entry(sequence, 1_700_000_000_000 + sequence, sequence, whole=True, open=False, operations=(Operation(b"", 1),))
    for sequence in (4, 5)
]


def made(entries: list[Entry] = ENTRIES, **changes: Any) -> Segment:  # noqa: ANN401  (any field)
    content = join([(entry.sequence, pack_entry(entry)) for entry in entries])
    sealed = PLAIN.seal(content)
    header = Header(
        ordinal=2,
        generation="generation-1",
        first=4,
        last=5,
        first_ms=entries[0].stamp_ms,
        last_ms=entries[-1].stamp_ms,
        turns=5,
        previous="ab" * 32,
        content_bytes=len(content),
        content_sha256=hashlib.sha256(content).hexdigest(),
        sealed_bytes=len(sealed),
        sealed_sha256=hashlib.sha256(sealed).hexdigest(),
        encryption=None,
    )
    return Segment(attrs.evolve(header, **changes), sealed)


NAME = "archive-2/generation-1/000000000004-000000000005.segment"
DATA = render(made())


def test_segment_rendered_parses_to_the_same_with_its_entries() -> None:
    segment = parse(NAME, DATA)
    assert segment == made()
    assert list(segment.entries(PLAIN)) == ENTRIES
    assert str(segment.header.name) == NAME


def test_segment_with_any_other_byte_anywhere_is_damaged() -> None:
    for place in range(len(DATA)):
        flipped = bytearray(DATA)
        flipped[place] ^= 1 + place % 255
        with pytest.raises(ArchiveDamaged, match=NAME):
            parse(NAME, bytes(flipped))


@given(cut=st.integers(0, len(DATA) - 1))
def test_segment_cut_short_is_damaged(cut: int) -> None:
    with pytest.raises(ArchiveDamaged, match=r"is truncated|does not begin with the header"):
        parse(NAME, DATA[:cut])


def test_segment_that_goes_on_is_damaged() -> None:
    with pytest.raises(ArchiveDamaged, match="is truncated"):
        parse(NAME, DATA + b"\0")


@pytest.mark.parametrize(
    "name",
    [NAME.replace("archive-2", "archive-3"), NAME.replace("generation-1", "other"), NAME.replace("04-", "03-")],
)
def test_segment_under_another_name_is_foreign(name: str) -> None:
    with pytest.raises(ArchiveDamaged, match=f"is foreign: it says that it is {NAME}"):
        parse(name, DATA)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"version": 2}, "is a segment of version 2, this llmsim reads 1"),
        ({"format": 9}, "has format 9, this llmsim reads 3 and older ones"),
    ],
)
def test_segment_of_a_later_release_says_so(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ArchiveDamaged, match=message):
        parse(NAME, render(made(**changes)))


def test_segment_with_a_header_of_another_kind_is_damaged() -> None:
    body = attrs.asdict(made().header) | {"more": 1}
    line = orjson.dumps(
        {"digest": hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest(), "segment": body},
        option=orjson.OPT_SORT_KEYS,
    )
    with pytest.raises(ArchiveDamaged, match="more"):
        parse(NAME, line + b"\n" + made().sealed)


@pytest.mark.parametrize(
    ("segment", "message"),
    [
        (made(content_sha256="cd" * 32), "its entries do not have their sha256"),
        (made(ENTRIES[::-1]), "entry 5 stands where 4 should"),
        (made(ENTRIES[:1]), "it ends with entry 4"),
        (made(content_bytes=3), "does not unpack to its 3 bytes"),
    ],
)
def test_segment_whose_entries_are_not_what_it_says_is_damaged(segment: Segment, message: str) -> None:
    with pytest.raises(ArchiveDamaged, match=message):
        list(segment.entries(PLAIN))


def test_segment_that_is_encrypted_wants_its_key() -> None:
    with pytest.raises(OperatorError, match="is encrypted: give the file with its key"):
        list(made(encryption=AGE).entries(PLAIN))


@given(entries=st.lists(st.tuples(st.integers(0, 2**40), st.binary(max_size=20)), max_size=4))
def test_entries_joined_split_to_the_same(entries: list[tuple[int, bytes]]) -> None:
    assert list(split(join(entries))) == entries


def test_name_of_what_is_no_segment_is_none() -> None:
    assert Name.read(NAME) == Name(2, "generation-1", 4, 5)
    assert [Name.read(name) for name in ("", NAME + "x", "llmsim-0/manifest.json", "archive-x/g/1-2.segment")] == [
        None
    ] * 4


def test_segments_of_an_archive_follow_one_another(tmp_path: Path) -> None:
    """Each holds the digest of the one before, and the first of a generation none."""
    _, place = archive(tmp_path)
    found = [segments.parse(str(path.relative_to(place.path)), path.read_bytes()) for path in segments_in(place)]
    assert [one.header.previous for one in found] == ["", *(one.header.digest for one in found[:-1])]
    assert [(one.header.first, one.header.last) for one in found] == [(1, 1), (2, 2), (3, 3), (4, 4)]
