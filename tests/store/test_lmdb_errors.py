"""What LMDB raises comes out as one of our errors, that of its cause."""

import errno
import os
from pathlib import Path

import lmdb
import pytest

from llmsim.errors import LlmsimError, OperatorError, StoreDamaged, StoreError, StoreFormat, StoreFull, StoreInUse
from llmsim.store.lmdb_errors import MapFull, translated


@pytest.mark.parametrize(
    ("theirs", "code", "ours"),
    [
        (lmdb.MapFullError, -30792, MapFull),
        (lmdb.NotFoundError, -30798, StoreFormat),
        (lmdb.InvalidError, -30793, StoreFormat),
        (lmdb.VersionMismatchError, -30794, StoreFormat),
        (lmdb.CorruptedError, -30796, StoreDamaged),
        (lmdb.PageNotFoundError, -30797, StoreDamaged),
        (lmdb.ReadersFullError, -30790, StoreInUse),
        (lmdb.PanicError, -30795, StoreError),
        (lmdb.Error, errno.EAGAIN, StoreInUse),
        (lmdb.Error, errno.ENOSPC, StoreFull),
        (lmdb.DiskError, errno.ENOSPC, StoreFull),
        (lmdb.Error, errno.EDQUOT, StoreFull),
        (lmdb.Error, errno.EIO, StoreError),
        (lmdb.ReadonlyError, errno.EACCES, OperatorError),
        (lmdb.Error, errno.EROFS, OperatorError),
        (lmdb.Error, 0, StoreError),
    ],
)
def test_translated_turns_each_error_of_lmdb_into_one_of_ours(
    theirs: type[lmdb.Error], code: int, ours: type[LlmsimError]
) -> None:
    raised = theirs("mdb_something: it went wrong")
    vars(raised)["code"] = code  # set by the C code that raises it
    with pytest.raises(LlmsimError, match="store here: ") as caught, translated("store here"):
        raise raised
    assert type(caught.value) is ours
    assert caught.value.__cause__ is raised


def test_translated_leaves_other_errors_alone() -> None:
    with pytest.raises(FileNotFoundError), translated("store here"):
        raise FileNotFoundError


@pytest.mark.parametrize(("free_blocks", "ours"), [(0, StoreFull), (63, StoreFull), (64, StoreError)])
def test_translated_of_a_write_cut_short_asks_whether_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_blocks: int, ours: type[StoreError]
) -> None:
    """LMDB says of a disk that had room for half of a write that its input or output failed."""
    status = os.statvfs_result((4096, 4096, 1000, 500, free_blocks, 0, 0, 0, 0, 255))
    monkeypatch.setattr(os, "statvfs", lambda _folder: status)
    raised = lmdb.DiskError("mdb_txn_commit: Input/output error")
    vars(raised)["code"] = errno.EIO
    with pytest.raises(StoreError, match="store here: ") as caught, translated("store here", writing_in=tmp_path):
        raise raised
    assert type(caught.value) is ours
