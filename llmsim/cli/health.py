"""`llmsim health`: what a server answers to a probe, as an exit code, where there is no curl.

Run by a container's health check every few seconds, so it imports little and ends in time whatever the server does.
Knows the routes of the probes, and nothing of the store.
"""

import ipaddress
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, InvalidURL
from types import FrameType

import click

from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json
from llmsim.errors import OperatorError
from llmsim.settings import Settings

TIMEOUT_S = 4.0
"""Less than the 5 s after which the image's health check ends the command."""
SAID_MAX = 200
"""How many bytes of the answer are shown."""


@click.command(
    epilog=examples(
        "llmsim health                      is the server here alive? exit code 0 or 1",
        "llmsim health --ready              may it be sent traffic? not while it starts or drains",
        "llmsim health --port 9000 --json   of another port, for programs",
        "docker inspect -f '{{json .State.Health}}' NAME    what the image's own health check saw",
    )
)
@with_settings("host", "port")
@click.option("--ready", is_flag=True, help="Ask /readyz, whether it may be sent traffic, instead of /healthz.")
@json_option
def health(settings: Settings, *, ready: bool, as_json: bool) -> None:
    """Ask the server at HOST and PORT whether it is alive, and exit with 0 if it says so, else with 1.

    Where the server listens on every address (0.0.0.0), the loopback one is asked. Without an answer within 4 s it
    is not alive.
    """
    if settings.port == 0:
        raise OperatorError("port 0 is a free one of the system's choice: give the one that the server listens on")
    host, path = asked_host(settings.host), "/readyz" if ready else "/healthz"
    url = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}{path}"
    begun = time.perf_counter()
    status, said = probe(host, settings.port, path)
    took_ms = (time.perf_counter() - begun) * 1000
    healthy = status == 200
    if as_json:
        print_json({"healthy": healthy, "url": url, "status": status, "said": said, "took_ms": round(took_ms, 1)})
    else:
        answer = f"{status} {said}" if status else said
        click.echo(f"{'healthy' if healthy else 'not healthy'}: {url}: {answer} ({took_ms:.0f} ms)")
    if not healthy:
        raise click.exceptions.Exit(1)


def asked_host(host: str) -> str:
    """Where a client finds what listens at this host: the loopback address, for one that means every address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"


def probe(host: str, port: int, path: str) -> tuple[int | None, str]:
    """The status and the begin of the body of one GET; None and the reason where there is none in time.

    Raises:
        OperatorError: the host has blanks or control characters in it.
    """
    try:
        connection = HTTPConnection(host, port, timeout=TIMEOUT_S)
    except InvalidURL as error:
        raise OperatorError(f"{host!r} is not the name or the address of a host") from error
    try:
        with within(TIMEOUT_S):
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, printable(answer.read(SAID_MAX).decode(errors="replace"))
    except TimeoutError:
        return None, f"no answer within {TIMEOUT_S:g} s"
    except (OSError, HTTPException, UnicodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        return None, printable(reason.lower() if reason else f"not an answer of HTTP: {error}")
    finally:
        connection.close()


def printable(text: str) -> str:
    """The text on one line; what would steer a terminal is a question mark."""
    return "".join(one if one.isprintable() else "?" for one in " ".join(text.split()))


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block when it takes longer, also where it gets a byte now and then."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
