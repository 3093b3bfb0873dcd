"""Responses as bytes: heads, and the chunks of a body whose length is not known.

Pure, but for the second in which it is (`Dates`). Headers come out in the order given, Date after them, as Hypercorn
writes them. Source: RFC 9112.
"""

from collections.abc import Iterable
from email.utils import formatdate
from http import HTTPStatus

import attrs

from llmsim.clock import wall

CHUNKED = b"transfer-encoding: chunked\r\n"
CLOSE = b"connection: close\r\n"
LAST_CHUNK = b"0\r\n\r\n"
STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}


@attrs.define
class Dates:
    """The Date header, made once a second."""

    _second: int = 0
    _line: bytes = b""

    def line(self) -> bytes:
        """The header of now."""
        second = int(wall())
        if second != self._second:
            self._second = second
            self._line = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._line


def head(status: int, headers: Iterable[tuple[str, str]], date: bytes, *, chunked: bool, close: bool) -> bytes:
    """Status line and headers, with the empty line.

    Raises:
        ValueError: a header that is more than a line, or no Latin-1: a bug of whoever made it.
    """
    lines = [f"{name}: {value}\r\n" for name, value in headers]
    fields = "".join(lines).encode("latin-1")
    if fields.count(b"\n") != len(lines):
        raise ValueError("a header is more than a line")
    framing = (CHUNKED if chunked else b"") + (CLOSE if close else b"")
    return STATUS_LINES[status] + fields + date + framing + b"\r\n"


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; no chunk for no data, because that would be the last one."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""
