"""No byte of a manifest can change without being found."""

import hashlib
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ObjectMissing, SnapshotDamaged, StoreFormat
from llmsim.recovery.manifest import MANIFEST, MANIFEST_BYTES_MAX, Manifest, Part, Position, iso, parse, render, seconds
from llmsim.recovery.snapshot import read_manifest
from tests.snapshots import at

MANIFEST_OF_POD_2 = Manifest(
    format=1,
    plan_version=1,
    ordinal=2,
    seed_fingerprint="0123456789abcdef",
    created="2026-11-23T05:27:00.123Z",
    transaction=41,
    tables={"turns": 3, "sessions": 1},
    parts=(Part("records-00001.zst", 40960, "ab" * 32, 163840, 25), Part("records-00002.zst", 9, "cd" * 32, 12, 1)),
    encryption="age",
    position=Position("4f1c", 17, 3, "2026-11-23T05:26:59.999Z"),
)


def test_manifest_rendered_reads_back() -> None:
    assert parse(render(MANIFEST_OF_POD_2)) == MANIFEST_OF_POD_2
    alone = attrs.evolve(MANIFEST_OF_POD_2, encryption=None, position=None, parts=())
    assert parse(render(alone)) == alone
    assert (MANIFEST_OF_POD_2.size_bytes, alone.size_bytes) == (40969, 0)


def test_manifest_with_any_other_byte_anywhere_is_damaged() -> None:
    data = render(MANIFEST_OF_POD_2)
    for place in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[place] ^= 1 << bit
            with pytest.raises(SnapshotDamaged):
                parse(bytes(flipped))


@given(cut=st.integers(0, len(render(MANIFEST_OF_POD_2)) - 1))
def test_manifest_cut_short_is_damaged(cut: int) -> None:
    with pytest.raises(SnapshotDamaged):
        parse(render(MANIFEST_OF_POD_2)[:cut])


@given(data=st.binary(max_size=200))
def test_manifest_of_any_bytes_is_damaged(data: bytes) -> None:
    with pytest.raises(SnapshotDamaged):
        parse(data)


def test_manifest_with_same_content_in_other_spelling_is_damaged() -> None:
    with pytest.raises(SnapshotDamaged, match="does not match its own digest"):
        parse(orjson.dumps(orjson.loads(render(MANIFEST_OF_POD_2))))


def test_manifest_of_another_format_names_both() -> None:
    with pytest.raises(StoreFormat, match="has format 4, this llmsim reads format 3 and older"):
        parse(render(attrs.evolve(MANIFEST_OF_POD_2, format=4)))


def test_manifest_of_a_later_version_says_what_to_do() -> None:
    with pytest.raises(StoreFormat, match=r"manifest of version 3, this llmsim reads version 2 .* a later one"):
        parse(render(attrs.evolve(MANIFEST_OF_POD_2, version=3)))


def test_manifest_with_a_digest_of_its_own_and_other_fields_is_damaged() -> None:
    body = attrs.asdict(MANIFEST_OF_POD_2)
    wrongs: list[Any] = [body | {"more": 1}, body | {"parts": "none"}, {"format": 3, "version": 2}, [], 7]
    for wrong in wrongs:
        digest = hashlib.sha256(spelled(wrong)).hexdigest()
        with pytest.raises(SnapshotDamaged, match="is not a manifest"):
            parse(spelled({"digest": digest, "manifest": wrong}))


def spelled(value: object) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def test_manifest_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(ObjectMissing, match=f"has no {tmp_path.name}/{MANIFEST}"):
        read_manifest(at(tmp_path).place, tmp_path.name)


def test_manifest_far_too_long_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(render(MANIFEST_OF_POD_2) + b" " * (MANIFEST_BYTES_MAX * 2))
    with pytest.raises(SnapshotDamaged):
        read_manifest(at(tmp_path).place, tmp_path.name)


def test_iso_of_a_stamp_is_utc_in_milliseconds() -> None:
    assert iso(1_795_411_620.1239) == "2026-11-23T05:27:00.123Z"
    assert seconds("2026-11-23T05:27:00.123Z") == pytest.approx(1_795_411_620.123)
