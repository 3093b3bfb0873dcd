"""Whether a program is llmsim: it serves, answers one chat request, and ends well when it is told to.

`python tests/deploy/answers.py PROGRAM [ARGUMENT]...` runs PROGRAM with these arguments, or with `serve` on a free port
and a store below the working directory where there are none. Imports the standard library alone, as it runs where
nothing of the project's is installed but PROGRAM. Exit code 1, with the reason, where PROGRAM does not do so in time.
"""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Timer
from urllib.request import Request, urlopen

FIRST_ANSWER_S = 60
"""How long a server may take to its first answer here; the figure that counts is measured elsewhere."""
SERVE = ("serve", "--port", "0", "--data-dir", "data", "--instant")
ASKED = b'{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello!"}]}'


@contextmanager
def serving(command: Sequence[str]) -> Iterator[str]:
    """The base URL of a server while the block runs; it must end well when it is told to.

    Raises:
        SystemExit: it ended before it listened, or did not end with 0.
    """
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        watchdog = Timer(FIRST_ANSWER_S, server.kill)
        watchdog.start()
        found = (re.search(r"OPENAI_BASE_URL=(\S+)", line) for line in server.stdout or ())
        url = next((match[1] for match in found if match), None)
        if url is None:
            raise SystemExit(f"{command[0]} ended before it listened: exit code {server.wait()}")
        yield url
        server.send_signal(signal.SIGTERM)
        if server.wait() != 0:
            raise SystemExit(f"{command[0]} did not end well: exit code {server.returncode}")
        watchdog.cancel()


def main(program: str, *arguments: str) -> None:
    """Serve, ask, stop; prints how long the first answer took and what it was."""
    begun = time.perf_counter()
    with serving((program, *(arguments or SERVE))) as url:
        request = Request(f"{url}/chat/completions", ASKED, {"content-type": "application/json"})  # noqa: S310
        with urlopen(request, timeout=FIRST_ANSWER_S) as answer:  # noqa: S310  (our own server's URL)
            said = answer.read(200)
        print(f"first answer after {time.perf_counter() - begun:.2f} s: {answer.status} {said!r}...")  # noqa: T201  (what it is run for)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        raise SystemExit(__doc__)
    main(*sys.argv[1:])
