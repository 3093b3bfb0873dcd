"""Ask every pod behind a headless Service for a snapshot, one after the other.

Usage: take_snapshots.py SERVICE PORT TIMEOUT_S. Exit code 1 if a pod took none, or none was found; the others are asked
all the same.
"""

import socket
import sys
from collections.abc import Iterator

import httpx2

TAKEN = 201


def addresses(service: str, port: int) -> list[str]:
    """The base URLs of the pods, in order of their addresses; none where the name stands for nothing."""
    try:
        found = socket.getaddrinfo(service, port, type=socket.SOCK_STREAM)
    except socket.gaierror:
        return []
    hosts = sorted({str(address[0]) for *_, address in found})
    return [f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}" for host in hosts]


def take(urls: list[str], timeout_s: float) -> Iterator[tuple[str, str, bool]]:
    """Of each pod its URL, what it said, and whether it took a snapshot."""
    with httpx2.Client(timeout=timeout_s, trust_env=False) as client:
        for url in urls:
            try:
                answer = client.post(f"{url}/llmsim/v1/snapshots")
            except httpx2.HTTPError as error:
                yield url, f"{type(error).__name__}: {error}", False
                continue
            taken = answer.status_code == TAKEN
            yield url, answer.json()["path"] if taken else f"{answer.status_code} {answer.text}", taken


def main(service: str, port: str, timeout_s: str) -> int:
    """Ask each pod; the exit code."""
    urls = addresses(service, int(port))
    if not urls:
        print(f"{service}: no pod", file=sys.stderr)
        return 1
    failures = 0
    for url, said, taken in take(urls, float(timeout_s)):
        print(f"{url}: {said}", file=sys.stdout if taken else sys.stderr, flush=True)
        failures += not taken
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
