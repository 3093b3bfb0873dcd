"""Requests out of what a client sends: heads by llhttp, bodies by their length. What is not for us is passed on.

Ours are POSTs to generating routes with one Host and a Content-Length. Everything else that is well-formed, upgrades,
other transfer codings, HTTP/1.0 and HTTP/2 prefaces included, is passed on as it came, head and all. Where a head ends
is decided twice, here and by llhttp, and they must agree. Knows bytes; neither sockets nor what is answered.
Source: RFC 9112.
"""

from collections.abc import Callable, Iterator, Mapping
from enum import Enum

import attrs
import httptools

from llmsim.wire.base import Wire

MAX_HEAD_BYTES = 16 * 1024
"""Longest request line and headers together: what Hypercorn takes; SDKs send less than 2 KiB."""
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
"""How HTTP/2 begins where both sides know it. Source: RFC 9113, 3.4."""
END = b"\r\n\r\n"
EMPTY = (b"\r", b"\n")
"""How an empty line before a request begins, which is ignored; llhttp would ignore it too, but not count it."""
OPTIONAL_SPACE = b" \t"
"""What may stand around a header's value and is no part of it. llhttp takes it away in front alone. RFC 9110, 5.6.3."""
NOT_OURS = {b"transfer-encoding", b"upgrade", b"expect", b"http2-settings"}
"""Headers of requests that are passed on."""


class Malformed(Exception):
    """Not HTTP, or more of it than is taken: what is answered before the connection is closed."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Passed(Enum):
    """What is found where a request is for somebody else."""

    ON = "on"


@attrs.frozen
class Route:
    """A generating route: its path, and who speaks there."""

    path: str
    wire: Wire


Find = Callable[[bytes, bytes], Route | None]
"""The generating route that a path and a query are of."""


class Fields(Mapping[str, str]):
    """Headers by lower-case name, decoded when asked for: of an SDK's fifteen, few are."""

    __slots__ = ("_raw",)

    def __init__(self, raw: Mapping[bytes, bytes]) -> None:
        self._raw = raw

    def __getitem__(self, name: str) -> str:
        return self._raw[name.encode("latin-1")].strip(OPTIONAL_SPACE).decode("latin-1")

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.encode("latin-1", "replace") in self._raw

    def __iter__(self) -> Iterator[str]:
        return (name.decode("latin-1") for name in self._raw)

    def __len__(self) -> int:
        return len(self._raw)


@attrs.frozen
class Asked:
    """A whole request for a generating route; `headers` by lower-case name."""

    route: Route
    headers: Fields
    body: bytes
    keep_alive: bool


@attrs.frozen
class _Head:
    route: Route
    headers: Fields
    keep_alive: bool
    body_at: int
    end: int


class RequestReader:
    """Reads one connection's requests, one after the other.

    `find` says which are ours; `body_max` (bytes) is the longest body that is.
    """

    def __init__(self, find: Find, body_max: int) -> None:
        self._find = find
        self._body_max = body_max
        self._parser = httptools.HttpRequestParser(self)
        self._unread: bytes | bytearray = b""
        self._parsed = 0
        self._head: _Head | Passed | None = None
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._hosts = 0
        self._headed = False
        self._keep_alive = False
        self._ended = False

    @property
    def unread(self) -> bytes:
        """What belongs to no request that was found."""
        return bytes(self._unread)

    @property
    def held_bytes(self) -> int:
        """How much of it there is."""
        return len(self._unread)

    @property
    def in_body(self) -> bool:
        """The head of the next request is whole, its body is not."""
        return self._head is not None

    def part(self) -> None:
        """Let go of the parser, which refers back, once no more is read."""
        del self._parser

    def feed(self, data: bytes) -> None:
        """Take what has arrived."""
        if not self._unread:
            self._unread = data
        elif isinstance(self._unread, bytearray):
            self._unread += data
        else:
            self._unread = bytearray(self._unread) + data

    def next(self) -> Asked | Passed | None:
        """The next request; None where it is not whole yet.

        Raises:
            Malformed: there is none, and there will be none.
        """
        if self._head is None:
            self._head = self._read_head()
        head = self._head
        if not isinstance(head, _Head):
            return head
        if len(self._unread) < head.end:
            return None
        body = bytes(self._unread[head.body_at : head.end])
        if body:
            self._parse(body)
        if not self._ended:
            raise Malformed(400, "the request does not end where it says")
        self._unread = self._unread[head.end :]
        self._parsed = 0
        self._head = None
        return Asked(head.route, head.headers, body, head.keep_alive)

    def _read_head(self) -> _Head | Passed | None:
        if not self._parsed:
            if self._unread[:1] in EMPTY:
                self._unread = self._unread.lstrip(b"\r\n")
            if PREFACE.startswith(bytes(self._unread[: len(PREFACE)])):
                return Passed.ON if len(self._unread) >= len(PREFACE) else None
        at = self._unread.find(END, max(0, self._parsed - len(END) + 1))
        end = at + len(END) if at >= 0 else len(self._unread)
        if end > MAX_HEAD_BYTES:
            raise Malformed(431, f"request line and headers are longer than {MAX_HEAD_BYTES} bytes")
        try:
            self._parse(bytes(self._unread[self._parsed : end]))
        except httptools.HttpParserUpgrade:
            return Passed.ON
        self._parsed = end
        if (at >= 0) is not self._headed:
            raise Malformed(400, "the head does not end with an empty line")
        return self._understood(end) if at >= 0 else None

    def _understood(self, end: int) -> _Head | Passed:
        """What to do with a request whose head is whole."""
        headers = dict(self._headers)
        if self._parser.get_http_version() != "1.1":
            return Passed.ON
        if self._hosts != 1:
            raise Malformed(400, "an HTTP/1.1 request has exactly one Host header")
        path, _, query = self._url.partition(b"?")
        route = self._find(path, query) if self._parser.get_method() == b"POST" else None
        length = int(headers.get(b"content-length", b"0"))
        if route is None or length > self._body_max or not NOT_OURS.isdisjoint(headers):
            return Passed.ON
        return _Head(route, Fields(headers), self._keep_alive, end, end + length)

    def _parse(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            raise
        except httptools.HttpParserError as error:
            raise Malformed(400, str(error)) from error

    def on_message_begin(self) -> None:
        """Begin a request (llhttp calls this, and the following)."""
        self._url = b""
        self._headers = []
        self._hosts = 0
        self._headed = self._ended = False

    def on_url(self, url: bytes) -> None:
        """Take the request target, or a piece of it."""
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header."""
        name = name.lower()
        self._hosts += name == b"host"
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        """The head is whole. Once a request is whole, the parser has forgotten what its head said."""
        self._headed = True
        self._keep_alive = self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._ended = True
