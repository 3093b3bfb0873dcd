"""Snapshots for tests: made of stores, read whole, broken on purpose, certified as a forger would, and of old kinds."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs
import orjson

from llmsim.identity import fingerprint
from llmsim.recovery.manifest import MANIFEST, Manifest, Part, render
from llmsim.recovery.places import Folder
from llmsim.recovery.sealing import PLAIN
from llmsim.recovery.snapshot import Snapshot, create, read_manifest
from llmsim.recovery.unpacking import fetched, opened
from llmsim.store.changes import Change, pack, unpack
from llmsim.store.environment import DATA_FILE, Environment
from llmsim.store.files import digest_file, write_file
from llmsim.store.schema import Table


def taken(data_dir: Path, backup: Path) -> Path:
    """A snapshot of a store, in a folder: where it is."""
    return path_of(create(data_dir, Folder(backup)))


def path_of(snapshot: Snapshot) -> Path:
    """Where a snapshot in a folder is."""
    assert isinstance(snapshot.place, Folder)
    return snapshot.place.path / snapshot.name


def at(path: Path) -> Snapshot:
    """The snapshot that is there."""
    return Snapshot(Folder(path.parent), path.name, None)


def manifest_of(path: Path) -> Manifest:
    """What its manifest says."""
    return read_manifest(Folder(path.parent), path.name)


def records_of(path: Path) -> list[Change]:
    """Every record of a snapshot, in its order."""
    manifest = manifest_of(path)
    parts = fetched(at(path), manifest.parts, lambda part, it: opened(it, part, manifest, PLAIN))
    return [change for _, content in parts for change in unpack(content)]


def contents_of(path: Path) -> dict[str, dict[bytes, bytes]]:
    """The same, by table and key, with the tables that it does not have as empty ones."""
    found: dict[str, dict[bytes, bytes]] = {table.value: {} for table in Table}
    for table, key, value in records_of(path):
        assert value is not None
        found[table.value][key] = value
    return found


def flip(path: Path, place: int, mask: int = 0xFF) -> None:
    """Change one byte."""
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ mask]))


def describe(path: Path, **changes: Any) -> None:  # noqa: ANN401 - any field of a manifest
    """Give a snapshot a manifest that says something else, and is whole."""
    write_file(path / MANIFEST, render(attrs.evolve(manifest_of(path), **changes)))


def certify(path: Path, records: Sequence[Change]) -> None:
    """Give a snapshot other records, in one part, and the manifest of a whole one, as a forger would."""
    manifest = manifest_of(path)
    for part in manifest.parts:
        (path / part.name).unlink()
    content = pack(records)
    sealed = PLAIN.seal(content)
    part = Part("records-00001.zst", len(sealed), hashlib.sha256(sealed).hexdigest(), len(content), len(records))
    write_file(path / part.name, sealed)
    tables = {name: sum(table == name for table, _, _ in records) for name in manifest.tables}
    describe(path, parts=(part,), tables=tables)


def first_kind(folder: Path) -> Path:
    """Make of a folder with a data file what the first releases called a snapshot."""
    data = folder / DATA_FILE
    with Environment.open(folder, readonly=True, lock=False) as environment, environment.read() as view:
        meta = environment.meta()
        assert meta is not None
        body = {
            "format": meta.format,
            "plan_version": 1,
            "ordinal": meta.ordinal,
            "seed_fingerprint": fingerprint(meta.root_seed),
            "created": "2026-01-01T00:00:00.000Z",
            "transaction": view.transaction,
            "tables": {table.value: view.count(table) for table in view.tables},
            "size_bytes": data.stat().st_size,
            "sha256": digest_file(data, "hash"),
        }
    write_file(folder / MANIFEST, certified(body))
    return folder


def certified(body: dict[str, Any]) -> bytes:
    """A manifest of any content, with the digest that it should have."""
    return _spelled({"digest": hashlib.sha256(_spelled(body)).hexdigest(), "manifest": body})


def _spelled(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
