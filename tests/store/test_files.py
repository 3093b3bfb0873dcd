"""Files hashed, copied and written through, and the words for what the operating system refuses."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from llmsim.errors import OperatorError, StoreError, StoreFull
from llmsim.store import files
from llmsim.store.files import copy_file, digest_file, disk_errors, require_space, write_file

type_of_errno = [
    (errno.ENOSPC, StoreFull),
    (errno.EDQUOT, StoreFull),
    (errno.EACCES, OperatorError),
    (errno.EROFS, OperatorError),
    (errno.ENOTDIR, OperatorError),
    (errno.EIO, StoreError),
]


@pytest.mark.parametrize(("number", "kind"), type_of_errno)
def test_disk_errors_translates_each_to_whose_doing_it_was(number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"while testing: .*: /some/where") as caught, disk_errors("while testing"):
        raise OSError(number, os.strerror(number), "/some/where")
    assert type(caught.value) is kind


def test_copy_file_gives_the_digest_of_what_it_wrote(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "CHUNK_BYTES", 1000)
    source = tmp_path / "source"
    source.write_bytes(bytes(range(256)) * 17)
    steps: list[tuple[str, int, int]] = []
    digest = copy_file(source, tmp_path / "target", "copy", lambda *step: steps.append(step))
    assert (tmp_path / "target").read_bytes() == source.read_bytes()
    assert digest == hashlib.sha256(source.read_bytes()).hexdigest() == digest_file(source, "hash")
    assert steps[0] == ("copy", 0, 4352)
    assert steps[-1] == ("copy", 4352, 4352)
    assert (tmp_path / "target").stat().st_mode & 0o777 == 0o600


def test_copy_file_onto_a_name_in_use_refuses(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"new")
    (tmp_path / "target").write_bytes(b"old")
    with pytest.raises(FileExistsError):
        copy_file(tmp_path / "source", tmp_path / "target", "copy")
    assert (tmp_path / "target").read_bytes() == b"old"


def test_write_file_replaces_longer_content(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"much longer")
    write_file(tmp_path / "file", b"short")
    assert (tmp_path / "file").read_bytes() == b"short"


def test_require_space_without_room_names_both_figures(tmp_path: Path) -> None:
    require_space(tmp_path, 0)
    with pytest.raises(StoreFull, match=r"1,152,921,504,[\d,]+ bytes are needed, [\d,]+ are free"):
        require_space(tmp_path, 1 << 60)
