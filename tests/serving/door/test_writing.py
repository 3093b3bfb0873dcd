"""Heads and chunks as bytes that h11 reads back."""

from http import HTTPStatus

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.serving.door import writing
from llmsim.serving.door.writing import LAST_CHUNK, STATUS_LINES, Dates, chunk, head

DATE = b"date: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
DATED = (b"date", b"Thu, 01 Jan 2026 00:00:00 GMT")


def read(data: bytes) -> tuple[h11.Response, bytes]:
    """A response as a client reads it."""
    client = h11.Connection(h11.CLIENT)
    client.send(h11.Request(method="GET", target="/", headers=[("host", "x")]))
    client.send(h11.EndOfMessage())
    client.receive_data(data)
    response, body = client.next_event(), b""
    assert isinstance(response, h11.Response)
    while isinstance(event := client.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    return response, body


def test_head_is_status_headers_date_and_framing() -> None:
    headers = (("content-type", "text/plain"), ("x-a", "é"))
    assert head(200, headers, DATE, chunked=True, close=True) == (
        b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx-a: \xe9\r\n"
        + DATE
        + b"transfer-encoding: chunked\r\nconnection: close\r\n\r\n"
    )
    assert head(404, (), DATE, chunked=False, close=False) == b"HTTP/1.1 404 Not Found\r\n" + DATE + b"\r\n"


@pytest.mark.parametrize("value", ["a\r\nx-b: c", "a\nb", "\u0100"])
def test_header_that_is_more_than_a_line_or_no_latin_1_is_not_written(value: str) -> None:
    with pytest.raises(ValueError, match=r"more than a line|latin-1"):
        head(200, (("x-a", value),), DATE, chunked=False, close=False)


@pytest.mark.parametrize("status", [status for status in HTTPStatus if status >= 200])
def test_every_status_has_its_line(status: HTTPStatus) -> None:
    assert STATUS_LINES[status].rstrip().split(b" ", 2) == [b"HTTP/1.1", b"%d" % status, status.phrase.encode()]


@given(parts=st.lists(st.binary(max_size=50), max_size=5), close=st.booleans())
def test_chunks_are_read_as_what_they_hold(parts: list[bytes], close: bool) -> None:
    sent = head(200, (("x-a", "b"),), DATE, chunked=True, close=close) + b"".join(map(chunk, parts)) + LAST_CHUNK
    response, body = read(sent)
    assert body == b"".join(parts)
    closing = [(b"connection", b"close")] if close else []
    assert list(response.headers) == [(b"x-a", b"b"), DATED, (b"transfer-encoding", b"chunked"), *closing]


def test_no_data_is_no_chunk() -> None:
    assert chunk(b"") == b""
    assert chunk(b"x" * 255) == b"ff\r\n" + b"x" * 255 + b"\r\n"


def test_date_is_made_once_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_767_225_600.9
    monkeypatch.setattr(writing, "wall", lambda: now)
    dates = Dates()
    first = dates.line()
    assert first == DATE
    assert dates.line() is first
    now += 0.2
    assert dates.line() == DATE.replace(b"00:00:00", b"00:00:01")
