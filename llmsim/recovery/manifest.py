"""The manifest of a snapshot: what it is a copy of, and how to tell that it still is.

A snapshot is objects below one name: parts with its records, and `manifest.json`, which is written last. The manifest
is JSON in one canonical spelling (sorted keys, two spaces, one newline at the end) and carries the sha256 of itself, so
that a flipped byte anywhere in it is found: either it no longer reads, or it is not canonical, or the digest differs.
The digest finds accidents; it is not a signature. Version 1, of earlier releases, was a copy of the data file.
"""

import hashlib
from datetime import UTC, datetime
from typing import Any

import attrs
import cattrs
import orjson

from llmsim.errors import SnapshotDamaged, StoreFormat
from llmsim.store.environment import DATA_FILE
from llmsim.store.schema import FORMAT_VERSION, READABLE_FORMATS

MANIFEST = "manifest.json"
MANIFEST_VERSION = 2
MANIFEST_BYTES_MAX = 16 << 20
"""A part of 8 MiB takes 170 bytes of it: a store of half a terabyte."""

_converter = cattrs.Converter(forbid_extra_keys=True)


@attrs.frozen
class Part:
    """One object of a snapshot: its name and size, the sha256 of its bytes, and what they unpack to.

    `plain_bytes` and `records` are 0 in version 1, whose one part is a data file.
    """

    name: str
    size_bytes: int
    sha256: str
    plain_bytes: int = 0
    records: int = 0


@attrs.frozen
class Position:
    """Up to where a snapshot, or a restored store, has what an archive has: an entry of its journal.

    `turns` counts those of the store when the archive began and all since; `stamp` is UTC in ISO form.
    """

    generation: str
    sequence: int
    turns: int
    stamp: str


@attrs.frozen
class Manifest:
    """What stands in `manifest.json`.

    `format` is that of the store, which may be older than this release's. `created` is UTC in ISO form; `size_bytes`
    are those of all parts; `tables` counts the entries of each table that the store has; `transaction` is the store's
    LMDB transaction that was the last one when the copy began; `seed_fingerprint` tells root seeds apart without giving
    them away; `encryption` says how parts are encrypted, None where they are not.
    """

    format: int
    plan_version: int
    ordinal: int
    seed_fingerprint: str
    created: str
    transaction: int
    tables: dict[str, int]
    parts: tuple[Part, ...]
    encryption: str | None = None
    position: Position | None = None
    version: int = MANIFEST_VERSION

    @property
    def size_bytes(self) -> int:
        """How large the snapshot is where it is kept."""
        return sum(part.size_bytes for part in self.parts)

    @property
    def created_s(self) -> float:
        """When it was made, in unix seconds."""
        return seconds(self.created)


@attrs.frozen
class _First:
    """Version 1: the copy of a data file."""

    format: int
    plan_version: int
    ordinal: int
    seed_fingerprint: str
    created: str
    transaction: int
    tables: dict[str, int]
    size_bytes: int
    sha256: str

    def manifest(self) -> Manifest:
        fields = {
            name: getattr(self, name) for name in attrs.fields_dict(_First) if name not in {"size_bytes", "sha256"}
        }
        return Manifest(**fields, parts=(Part(DATA_FILE, self.size_bytes, self.sha256),), version=1)


def render(manifest: Manifest) -> bytes:
    """The canonical bytes of a manifest, its own digest included."""
    body = attrs.asdict(manifest)
    return _spell({"digest": _digest(body), "manifest": body})


def parse(data: bytes) -> Manifest:
    """Read what `render` wrote, in this release or an earlier one.

    Raises:
        SnapshotDamaged: not the bytes that `render` gives for any manifest.
        StoreFormat: whole, but of a later release, or of a format that this one does not read.
    """
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise SnapshotDamaged(f"{MANIFEST} is not JSON: {error}") from error
    if not isinstance(document, dict) or document.keys() != {"digest", "manifest"}:
        raise SnapshotDamaged(f"{MANIFEST} is not a manifest: expected the keys digest and manifest")
    body = document["manifest"]
    if not isinstance(body, dict):
        raise SnapshotDamaged(f"{MANIFEST} is not a manifest: expected an object")
    if document["digest"] != _digest(body) or _spell(document) != data:
        raise SnapshotDamaged(f"{MANIFEST} does not match its own digest")
    _refuse_later(body.get("version", 1), body.get("format"))
    try:
        if "version" not in body:
            return _converter.structure(body, _First).manifest()
        return _converter.structure(body, Manifest)
    except (cattrs.BaseValidationError, TypeError, ValueError) as error:
        raise SnapshotDamaged(f"{MANIFEST} is not a manifest: {'; '.join(cattrs.transform_error(error))}") from error


def _refuse_later(version: object, store_format: object) -> None:
    if version not in {1, MANIFEST_VERSION}:
        raise StoreFormat(
            f"the snapshot has a manifest of version {version}, this llmsim reads version {MANIFEST_VERSION} "
            "and older ones: restore it with the release that made it, or a later one"
        )
    if store_format not in READABLE_FORMATS:
        raise StoreFormat(
            f"the snapshot has format {store_format}, this llmsim reads format {FORMAT_VERSION} and older ones"
        )


def iso(stamp_s: float) -> str:
    """Unix seconds as `2026-11-23T05:27:00.123Z`."""
    return datetime.fromtimestamp(stamp_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds(stamp: str) -> float:
    """Unix seconds of what `iso` wrote."""
    return datetime.fromisoformat(stamp).timestamp()


def _digest(body: Any) -> str:  # noqa: ANN401 - any JSON value
    return hashlib.sha256(_spell(body)).hexdigest()


def _spell(value: Any) -> bytes:  # noqa: ANN401 - any JSON value
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
