import errno

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
