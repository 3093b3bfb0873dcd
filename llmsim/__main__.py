"""The first code of the process: `python -m llmsim` and the console script begin here.

Sees to signals before anything that takes time is imported, and knows nothing else but the entry point of the command
line. Invariant: from here on SIGTERM ends `llmsim serve` with exit code 0, however far its start has come, and one that
comes when it has ended already leaves its exit code alone.
"""

import os
import signal
import sys
from types import FrameType
from typing import NoReturn


def main() -> NoReturn:
    """The console script."""
    serves = sys.argv[1:2] == ["serve"]
    if serves:
        signal.signal(signal.SIGTERM, leave)
    from llmsim.cli.main import run  # noqa: PLC0415  (imports take most of a start)

    try:
        run()
    finally:
        if serves:  # a handler of ours Python would take away as it ends, and the next signal would have the last word
            signal.signal(signal.SIGTERM, signal.SIG_IGN)


def leave(_number: int, _frame: FrameType | None) -> NoReturn:
    """End at once: nothing is served yet, and what a start writes is whole or not there, as after a crash."""
    os._exit(0)


if __name__ == "__main__":
    main()
