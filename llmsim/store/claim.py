"""Who writes to a data directory: one process, which holds an exclusive lock on `llmsim.lock` in it.

Readers need no claim. The lock is the kernel's and ends with its process, however that ends; the number in the file
only tells others whom to ask. Knows no LMDB.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from llmsim.errors import StoreInUse
from llmsim.store.files import disk_errors, make_folder

LOCK_FILE = "llmsim.lock"


@contextmanager
def claim(data_dir: Path) -> Iterator[None]:
    """Be the one process that writes to this data directory while the block runs; makes the directory if need be.

    Raises:
        StoreInUse: another process is.
        OperatorError: the directory cannot be made, written to or locked.
    """
    with disk_errors(f"data directory {data_dir}"):
        make_folder(data_dir, parents=True)
        handle = os.open(data_dir / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        with disk_errors(f"data directory {data_dir}: cannot lock {LOCK_FILE}"):
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.read(handle, 32).decode("ascii", "replace").strip() or "unknown"
                message = f"data directory {data_dir} is in use by process {holder}: stop it, or ask it with --url"
                raise StoreInUse(message) from None
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
