"""Where snapshots and archives are kept: a folder, or a bucket of an object store.

Both are flat names with slashes and whole objects: put, read, found by their beginning, removed. Invariant: an object
has its name only when it is whole and durable; nothing of a URL that could be a secret reaches an error or a log.
"""

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import attrs

from llmsim.errors import ObjectExists, ObjectMissing, OperatorError
from llmsim.store.files import disk_errors, make_folder, sync_folder, write_file

PARTIAL = ".partial-"
"""How the name of a file begins that is not whole yet: no object's does."""
BUCKETS = ("s3", "gs", "az")
"""Schemes of object stores."""


@attrs.frozen
class Found:
    """An object: its name within its place, its size, and when it got its name (unix seconds)."""

    name: str
    size_bytes: int
    changed_s: float


class Place(Protocol):
    """A folder or a bucket. `url` names it to people: a path, or a URL without anything secret.

    Every method raises OperatorError where it may not be used, PlaceUnreachable where it fails or does not answer.
    """

    url: str

    def prepare(self) -> None:
        """Make the place, where that is for us to do, and make sure that it answers."""

    def put(self, name: str, content: bytes) -> None:
        """A new object, durable when this returns; ObjectExists where there is one of this name."""

    def get(self, name: str, most_bytes: int) -> bytes:
        """What an object holds, of a longer one the first `most_bytes` and one more; ObjectMissing if there is none."""

    def find(self, beginning: str = "") -> list[Found]:
        """The objects whose names begin so, in order of their names."""

    def delete(self, name: str) -> None:
        """Remove an object; nothing is done where there is none."""

    def room_bytes(self) -> int | None:
        """How much more it takes; None where there is no telling."""


class Folder:
    """A directory, and below it one file for each object, readable by its owner alone.

    The directory is made when the first object is put; its parent must be there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = str(path)

    def prepare(self) -> None:
        with self._errors():
            make_folder(self.path)

    def put(self, name: str, content: bytes) -> None:
        with self._errors():
            target = self.path / name
            for folder in reversed(list(self._between(target.parent))):
                if not folder.exists():
                    make_folder(folder)
                    sync_folder(folder.parent)
            partial = target.with_name(f"{PARTIAL}{os.getpid()}-{target.name}")
            try:
                write_file(partial, content)
                os.link(partial, target)
            except FileExistsError as error:
                raise ObjectExists(f"{self.url} has {name} already") from error
            finally:
                partial.unlink(missing_ok=True)
                if not target.exists():
                    self._remove_empty(target.parent)
            sync_folder(target.parent)

    def get(self, name: str, most_bytes: int) -> bytes:
        try:
            with self._errors(), (self.path / name).open("rb") as file:
                return file.read(most_bytes + 1)
        except OperatorError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise ObjectMissing(f"{self.url} has no {name}") from error
            raise

    def find(self, beginning: str = "") -> list[Found]:
        with self._errors():
            return sorted(self._walk(self.path, "", beginning), key=lambda found: found.name)

    def delete(self, name: str) -> None:
        with self._errors(), suppress(FileNotFoundError):
            target = self.path / name
            target.unlink()
            sync_folder(target.parent)
            self._remove_empty(target.parent)

    def room_bytes(self) -> int | None:
        with self._errors():
            status = os.statvfs(self.path)
        return status.f_bavail * status.f_frsize

    def _between(self, folder: Path) -> Iterator[Path]:
        """A folder below this one and those above it, innermost first."""
        while folder != self.path:
            yield folder
            folder = folder.parent

    def _remove_empty(self, innermost: Path) -> None:
        """Folders below this one are there for the objects in them."""
        for folder in self._between(innermost):
            try:
                folder.rmdir()
            except OSError:
                return
            sync_folder(folder.parent)

    def _walk(self, folder: Path, before: str, beginning: str) -> Iterator[Found]:
        with os.scandir(folder) as entries:
            for entry in entries:
                name = before + entry.name
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    if beginning.startswith(name + "/") or name.startswith(beginning):
                        yield from self._walk(Path(entry.path), name + "/", beginning)
                elif name.startswith(beginning):
                    status = entry.stat()
                    yield Found(name, status.st_size, status.st_mtime)

    def _errors(self) -> AbstractContextManager[None]:
        return disk_errors(f"cannot use {self.url}")


def place_of(text: str) -> Place:
    """The place that a path or a URL means: `s3://`, `gs://`, `az://`, `file://`, or a path.

    Credentials come from the environment, as the cloud's own tools read it.

    Raises:
        OperatorError: no such kind of place, or a URL with credentials in it.
    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        return Folder(Path(text))
    parts = urlsplit(text)
    shown = f"{scheme}://{parts.hostname or ''}{parts.path}"
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise OperatorError(
            f"{shown}: a URL of a place is its path alone: credentials are read from the environment "
            "(AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY and their like)"
        )
    if scheme == "file":
        if parts.netloc not in {"", "localhost"} or not parts.path:
            raise OperatorError(f"{shown}: expected file:///path")
        return Folder(Path(parts.path))
    if scheme not in BUCKETS:
        known = ", ".join(f"{one}://" for one in (*BUCKETS, "file"))
        raise OperatorError(f"{shown}: unknown kind of place {scheme}://, expected {known} or a path")
    if not parts.netloc:
        raise OperatorError(f"{shown}: expected {scheme}://BUCKET/PATH")
    from llmsim.recovery.bucket import Bucket  # noqa: PLC0415  (a client of every cloud; folders need none)

    return Bucket(re.sub(r"/+$", "", text))


def split(text: str) -> tuple[str, str]:
    """The place of an object's folder, and its name: `s3://bucket/path` and `name` of `s3://bucket/path/name`."""
    scheme, separator, path = text.rpartition("://")
    head, slash, name = path.rstrip("/").rpartition("/")
    if separator:
        return f"{scheme}://{head}", name
    return head or slash or ".", name
