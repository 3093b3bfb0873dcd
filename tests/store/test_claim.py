"""One process writes; the others are told which."""

import os
import signal
from pathlib import Path

import pytest

from llmsim.errors import StoreInUse
from llmsim.store.claim import LOCK_FILE, claim
from tests.store.children import CHILD_LIMIT_S, child


def test_claim_of_a_claimed_directory_names_the_process(tmp_path: Path) -> None:
    (tmp_path / LOCK_FILE).write_text("a number of an earlier process, and longer\n")
    with claim(tmp_path):
        message = f"is in use by process {os.getpid()}: stop it, or ask it with --url"
        with pytest.raises(StoreInUse, match=message), claim(tmp_path):
            pass
        assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"
    with claim(tmp_path):
        pass


def test_claim_of_a_killed_process_is_free(tmp_path: Path) -> None:
    program = """
        import sys
        from pathlib import Path
        from llmsim.store.claim import claim

        with claim(Path(sys.argv[1])):
            print("ready", flush=True)
            sys.stdin.read()
    """
    with child(program, tmp_path) as holder:
        with pytest.raises(StoreInUse, match=f"process {holder.pid}:"), claim(tmp_path):
            pass
        holder.send_signal(signal.SIGKILL)
        holder.wait(CHILD_LIMIT_S)
        with claim(tmp_path):
            assert (tmp_path / LOCK_FILE).read_text() == f"{os.getpid()}\n"
