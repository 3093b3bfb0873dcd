"""Is the store of a data directory sound? Its pages first, then its invariants.

Handing a damaged file to LMDB's C engine can end the process, so where nobody writes to the store its pages are walked
in Python before the engine sees them. Writes nothing but `lock.mdb`.
"""

from collections.abc import Callable
from pathlib import Path

from llmsim.errors import OperatorError, StoreInUse
from llmsim.store import pages
from llmsim.store.check import check, check_pages
from llmsim.store.environment import DATA_FILE, Environment, claim
from llmsim.store.files import Report, disk_errors, silent
from llmsim.store.schema import Table


def examine(data_dir: Path, report: Report = silent) -> list[str]:
    """What is wrong with the store of a data dir, one sentence each: its invariants, and before them its pages.

    Where nobody writes to the store, its pages are walked before the C engine sees them; beside a server, afterwards.

    Raises:
        OperatorError: there is no store, or it may not be read.
        StoreFormat: not a store of this format.
        StoreDamaged: so broken that it cannot be opened.
    """
    with disk_errors("cannot check the store"):
        broken = _walk_unused(data_dir, report)
        if broken:
            return broken
        with Environment.open(data_dir, readonly=True) as environment:
            if broken is None and (found := check_pages(environment)):
                return [str(finding) for finding in found]
            with environment.read() as view:
                turns = view.count(Table.TURNS)
            return [str(finding) for finding in check(environment, counting(turns, report))]


def _walk_unused(data_dir: Path, report: Report) -> list[str] | None:
    """What is wrong with the pages of a store that nobody writes to; None where they could not be walked."""
    data = data_dir / DATA_FILE
    if not data.exists():
        return None
    report("page walk", 0, 0)
    try:
        with claim(data_dir):
            return [f"{DATA_FILE}: {problem}" for problem in pages.walk(data)]
    except (StoreInUse, OperatorError):
        return None


def counting(turns: int, report: Report) -> Callable[[int], None]:
    """The observer of a check of so many turns, for a report; the step "check" counts turns, not bytes."""
    done = 0

    def advance(more: int) -> None:
        nonlocal done
        done += more
        report("check", done, turns)

    report("check", 0, turns)
    return advance
