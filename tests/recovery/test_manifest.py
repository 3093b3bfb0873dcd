"""No byte of a manifest can change without being found."""

from pathlib import Path

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import SnapshotDamaged, StoreFormat
from llmsim.recovery.manifest import MANIFEST, MANIFEST_BYTES_MAX, Manifest, iso, parse, read_manifest, render

MANIFEST_OF_POD_2 = Manifest(
    format=1,
    plan_version=1,
    ordinal=2,
    seed_fingerprint="0123456789abcdef",
    created="2026-11-23T05:27:00.123Z",
    transaction=41,
    tables={"turns": 3, "sessions": 1},
    size_bytes=40960,
    sha256="ab" * 32,
)


def test_manifest_rendered_reads_back() -> None:
    assert parse(render(MANIFEST_OF_POD_2)) == MANIFEST_OF_POD_2


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
    with pytest.raises(StoreFormat, match="has format 3, this llmsim reads format 2 and older"):
        parse(render(attrs.evolve(MANIFEST_OF_POD_2, format=3)))


def test_manifest_missing_is_damaged(tmp_path: Path) -> None:
    with pytest.raises(SnapshotDamaged, match="is missing"):
        read_manifest(tmp_path)


def test_manifest_far_too_long_is_not_read_whole(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_bytes(render(MANIFEST_OF_POD_2) + b" " * (MANIFEST_BYTES_MAX * 2))
    with pytest.raises(SnapshotDamaged):
        read_manifest(tmp_path)


def test_iso_of_a_stamp_is_utc_in_milliseconds() -> None:
    assert iso(1_795_411_620.1239) == "2026-11-23T05:27:00.123Z"
