"""The manifest of a snapshot: what it is a copy of, and how to tell that it still is.

A snapshot is a folder with two files, `data.mdb` and `manifest.json`, and nothing else. The manifest is JSON in one
canonical spelling (sorted keys, two spaces, one newline at the end) and carries the sha256 of itself, so that a flipped
byte anywhere in it is found: either it no longer reads, or it is not canonical, or the digest differs. The digest
finds accidents; it is not a signature.
"""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import cattrs
import orjson

from llmsim.errors import SnapshotDamaged, StoreFormat
from llmsim.store.schema import FORMAT_VERSION, READABLE_FORMATS

MANIFEST = "manifest.json"
MANIFEST_BYTES_MAX = 1 << 16
"""A manifest has some 700 bytes; what is larger than this is none."""

_converter = cattrs.Converter(forbid_extra_keys=True)


@attrs.frozen
class Manifest:
    """What stands in `manifest.json`.

    `format` is that of the store, which may be older than this release's. `created` is UTC in ISO form; `size_bytes`
    and `sha256` are those of `data.mdb`; `tables` counts the entries of each table that the store has; `transaction` is
    the store's LMDB transaction that was the last one when the copy began (the copy counts its own);
    `seed_fingerprint` tells root seeds apart without giving them away.
    """

    format: int
    plan_version: int
    ordinal: int
    seed_fingerprint: str
    created: str
    transaction: int
    tables: dict[str, int]
    size_bytes: int
    sha256: str


def render(manifest: Manifest) -> bytes:
    """The canonical bytes of a manifest, its own digest included."""
    body = attrs.asdict(manifest)
    return _spell({"digest": _digest(body), "manifest": body})


def parse(data: bytes) -> Manifest:
    """Read what `render` wrote.

    Raises:
        SnapshotDamaged: not the bytes that `render` gives for any manifest.
        StoreFormat: whole, but of a format that this release does not read.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        msg = f"{MANIFEST} is not JSON: {error}"
        raise SnapshotDamaged(msg) from error
    if not isinstance(document, dict) or document.keys() != {"digest", "manifest"}:
        msg = f"{MANIFEST} is not a manifest: expected the keys digest and manifest"
        raise SnapshotDamaged(msg)
    body = document["manifest"]
    if document["digest"] != _digest(body) or _spell(document) != data:
        msg = f"{MANIFEST} does not match its own digest"
        raise SnapshotDamaged(msg)
    if isinstance(body, dict) and body.get("format") not in READABLE_FORMATS:
        msg = f"the snapshot has format {body.get('format')}, this llmsim reads format {FORMAT_VERSION} and older ones"
        raise StoreFormat(msg)
    try:
        return _converter.structure(body, Manifest)
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        msg = f"{MANIFEST} is not a manifest: {'; '.join(cattrs.transform_error(error))}"
        raise SnapshotDamaged(msg) from error


def read_manifest(snapshot: Path) -> Manifest:
    """The manifest of a snapshot; its data file is not looked at.

    Raises:
        SnapshotDamaged: missing, or as for `parse`.
        StoreFormat: as for `parse`.
        OSError: it cannot be read.
    """
    try:
        with (snapshot / MANIFEST).open("rb") as file:
            data = file.read(MANIFEST_BYTES_MAX + 1)
    except FileNotFoundError as error:
        msg = f"{MANIFEST} is missing in {snapshot}"
        raise SnapshotDamaged(msg) from error
    return parse(data)


def iso(stamp_s: float) -> str:
    """Unix seconds as `2026-11-23T05:27:00.123Z`."""
    return datetime.fromtimestamp(stamp_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _digest(body: Any) -> str:  # noqa: ANN401 - any JSON value
    return hashlib.sha256(_spell(body)).hexdigest()


def _spell(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
