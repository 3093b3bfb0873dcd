"""Two ways to one exchange: the application called in this process, or a server over HTTP.

The in-process client speaks ASGI and nothing else: no thread, no socket, so that it may run in virtual time. Both read
a response to its end and note when each part of it arrived. Knows no script and no dialect.
"""

from collections.abc import Mapping
from typing import Any, Protocol
from urllib.parse import unquote

import attrs
import httpx2
import trio

from llmsim.errors import OperatorError

TIMEOUT_S = 600
"""How long a server may be silent: longer than any shipped profile's pause between tokens, at a tenth of the speed."""
CONNECTIONS_MAX = 900
"""Connections to one server at a time, below the usual limit of 1,024 open files; further requests wait for one."""


@attrs.frozen
class Exchange:
    """A response. `headers` are by lower-case name; `arrivals` are (seconds on trio's clock, bytes), in order."""

    status: int
    headers: Mapping[str, str]
    arrivals: tuple[tuple[float, bytes], ...]

    @property
    def body(self) -> bytes:
        return b"".join(data for _, data in self.arrivals)


class Client(Protocol):
    """Whoever can take a request to the simulator."""

    async def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """Send a request and read its response to the end. Cancellation: the client leaves."""
        ...


@attrs.frozen
class InProcess:
    """Calls an ASGI application directly. Cancellation cancels the application's handling of the request."""

    app: Any

    async def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """Send a request and read its response to the end."""
        name, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(name),
            "raw_path": name.encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(key.lower().encode(), value.encode()) for key, value in headers.items()],
            "client": ("in-process", 0),
            "server": ("in-process", 0),
            "extensions": {},
        }
        head: dict[str, Any] = {}
        arrivals: list[tuple[float, bytes]] = []
        requests = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> dict[str, Any]:
            await trio.lowlevel.checkpoint()
            for request in requests:
                return request
            await trio.sleep_forever()
            raise AssertionError

        async def send(message: dict[str, Any]) -> None:
            await trio.lowlevel.checkpoint()
            if message["type"] == "http.response.start":
                head.update(message)
            elif message.get("body"):
                arrivals.append((trio.current_time(), message["body"]))

        await self.app(scope, receive, send)
        named = {bytes(key).decode().lower(): bytes(value).decode() for key, value in head["headers"]}
        return Exchange(head["status"], named, tuple(arrivals))


@attrs.frozen
class OverHTTP:
    """Speaks to a server; `client` has its base URL."""

    client: httpx2.AsyncClient

    async def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        """Send a request and read its response to the end.

        Raises:
            OperatorError: the server cannot be reached, or does not speak HTTP to its end.
        """
        try:
            async with self.client.stream(method, path, headers=dict(headers), content=body) as response:
                arrivals = tuple([(trio.current_time(), data) async for data in response.aiter_raw()])
        except httpx2.HTTPError as error:
            reason = str(error) or type(error).__name__
            raise OperatorError(f"{self.client.base_url}: no answer: {reason}") from error
        return Exchange(response.status_code, {k.lower(): v for k, v in response.headers.items()}, arrivals)


def base_url(url: str) -> str:
    """The base URL of a server, given with or without its `/v1`.

    Raises:
        OperatorError: not an http URL.
    """
    base = url.rstrip("/").removesuffix("/v1")
    try:
        good = httpx2.URL(base).scheme in {"http", "https"} and httpx2.URL(base).host != ""
    except httpx2.InvalidURL:
        good = False
    if not good:
        raise OperatorError(f"--url {url}: expected http://HOST:PORT")
    return base


def connect(url: str) -> httpx2.AsyncClient:
    """An HTTP client for a server's base URL, with or without its `/v1`; it takes answers as they are, not packed.

    Raises:
        OperatorError: not an http URL.
    """
    limits = httpx2.Limits(max_connections=CONNECTIONS_MAX, max_keepalive_connections=CONNECTIONS_MAX)
    plain = {"accept-encoding": "identity"}
    return httpx2.AsyncClient(base_url=base_url(url), headers=plain, timeout=TIMEOUT_S, limits=limits, trust_env=False)
