"""A million bodies for each parser: `python -m tests.fuzz.run [--bodies N] [--parser NAME] [--number N]`.

A body makes a request or a ClientError; anything else is printed with its parser and number, and `--number` makes it
again. Prints what came of them. Exit code 1 where something else came.
"""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from llmsim.errors import ClientError
from tests.fuzz.bodies import body
from tests.fuzz.parsers import PARSERS

CHUNK = 10_000
SHOWN_BYTES = 400
SLOW_S = 1.0
"""No body may keep a parser busy for so long; nearly all take microseconds."""


def one(name: str, number: int) -> str:
    """What comes of a body: `request`, an error's code or status, or a fault."""
    parser = PARSERS[name]
    data = body(parser.samples, name, number)
    begun = time.process_time()
    try:
        parser.parse(data)
        found = "request"
    except ClientError as error:
        found = error.code or str(error.status)
    except Exception as error:  # noqa: BLE001  (that is what is looked for)
        found = f"FAULT {name} {number}: {error!r} {data[:SHOWN_BYTES]!r}"
    took = time.process_time() - begun
    return found if took < SLOW_S else f"FAULT {name} {number}: took {took:.1f} s {data[:SHOWN_BYTES]!r}"


def many(name: str, first: int, count: int) -> Counter[str]:
    """What comes of so many bodies, from the one with this number on."""
    return Counter(one(name, number) for number in range(first, first + count))


def fuzz(name: str, bodies: int, pool: ProcessPoolExecutor) -> Counter[str]:
    """What comes of the first so many bodies of a parser."""
    jobs = [pool.submit(many, name, first, min(CHUNK, bodies - first)) for first in range(0, bodies, CHUNK)]
    total: Counter[str] = Counter()
    for done, job in enumerate(jobs, 1):
        total += job.result()
        if sys.stderr.isatty():
            sys.stderr.write(f"\r{name}: {min(done * CHUNK, bodies):,} of {bodies:,}\r")
    return total


def say(line: str) -> None:
    """A line for whoever runs this."""
    sys.stdout.write(line + "\n")


def main() -> int:
    """Run, print, judge."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--bodies", type=int, default=1_000_000, help="bodies for each parser")
    options.add_argument("--parser", choices=sorted(PARSERS), help="this one alone")
    options.add_argument("--number", type=int, help="the body of this number alone")
    asked = options.parse_args()
    names = [asked.parser] if asked.parser else sorted(PARSERS)
    if asked.number is not None:
        for name in names:
            say(f"{name}: {one(name, asked.number)}: {body(PARSERS[name].samples, name, asked.number)!r}")
        return 0
    faults = 0
    with ProcessPoolExecutor() as pool:
        for name in names:
            found = fuzz(name, asked.bodies, pool)
            say(f"{name}: {found.total():,} bodies")
            for what, count in found.most_common():
                faults += what.startswith("FAULT")
                say(f"  {count:9,}  {what}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
