"""Requests read from bytes, however they are cut; whatever is read, nothing but `Malformed` is raised."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.serving.door.reading import (
    MAX_HEAD_BYTES,
    PREFACE,
    Asked,
    Fields,
    Malformed,
    Passed,
    RequestReader,
    Route,
)
from llmsim.wire.dialects import GENERATING
from tests.pods import CHAT

WIRE = GENERATING[CHAT]
ROUTES = {CHAT.encode(): Route(CHAT, WIRE)}
BODY_MAX = 100
HOT = b"POST /v1/chat/completions?a=b HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nContent-Length: 4\r\n\r\nbody"
COLD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BARE = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\n\r\n"


def reader() -> RequestReader:
    return RequestReader(lambda path, _query: ROUTES.get(path), BODY_MAX)


def found(*pieces: bytes) -> list[Asked | Passed]:
    """What is found when these pieces arrive one after the other."""
    reading, requests = reader(), list[Asked | Passed]()
    for piece in pieces:
        reading.feed(piece)
        while Passed.ON not in requests and (one := reading.next()) is not None:
            requests.append(one)
    return requests


def with_lines(*lines: bytes, body: bytes = b"") -> bytes:
    return b"\r\n".join([b"POST /v1/chat/completions HTTP/1.1", b"Host: x", *lines, b"", body])


def seen(requests: list[Asked | Passed]) -> list[tuple[bytes, dict[str, str], bool] | Passed]:
    return [(one.body, dict(one.headers), one.keep_alive) if isinstance(one, Asked) else one for one in requests]


def test_request_for_a_generating_route_is_ours() -> None:
    [asked] = found(HOT)
    assert isinstance(asked, Asked)
    assert (asked.route, asked.body, asked.keep_alive) == (ROUTES[CHAT.encode()], b"body", True)
    assert dict(asked.headers) == {"host": "x", "x-a": "1", "content-length": "4"}


def test_fields_are_looked_up_in_lower_case_and_decoded() -> None:
    fields = Fields({b"x-a": "é".encode("latin-1")})
    assert (fields["x-a"], list(fields), len(fields)) == ("é", ["x-a"], 1)
    assert "x-a" in fields
    assert [name in fields for name in ("x-b", "x-é", "x-€", 1)] == [False] * 4


@pytest.mark.parametrize(
    "request_", [HOT * 2, HOT + COLD, BARE + HOT, b"\r\n\r\n" + HOT + b"\r\n" + HOT + b"\r\n\r\n" + COLD, PREFACE]
)
def test_requests_cut_anywhere_are_the_same(request_: bytes) -> None:
    whole = seen(found(request_))
    assert len(whole) >= (1 if request_ == PREFACE else 2)
    assert seen(found(*[request_[at : at + 1] for at in range(len(request_))])) == whole
    for at in range(1, len(request_)):
        assert seen(found(request_[:at], request_[at:])) == whole, at


@pytest.mark.parametrize(
    "request_",
    [
        COLD,
        BARE.replace(b"POST", b"PUT"),
        BARE.replace(b"chat", b"chats"),
        BARE.replace(b"/v1", b"http://x/v1"),
        BARE.replace(b"HTTP/1.1\r\nHost: x\r\n", b"HTTP/1.0\r\n"),
        with_lines(b"Transfer-Encoding: chunked"),
        with_lines(b"Expect: 100-continue", b"Content-Length: 1"),
        with_lines(b"Connection: upgrade", b"Upgrade: websocket"),
        with_lines(b"Upgrade: h2c"),
        with_lines(b"HTTP2-Settings: x"),
        with_lines(b"Content-Length: %d" % (BODY_MAX + 1)),
        b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",
        PREFACE,
    ],
)
def test_everything_else_is_passed_on_as_it_came(request_: bytes) -> None:
    reading = reader()
    reading.feed(HOT + request_)
    assert isinstance(reading.next(), Asked)
    assert [reading.next(), reading.next()] == [Passed.ON, Passed.ON]
    reading.feed(b"more")
    assert reading.unread == request_ + b"more"


@pytest.mark.parametrize(
    ("lines", "keep_alive"),
    [
        ((), True),
        ((b"Connection: close",), False),
        ((b"Connection: Keep-Alive",), True),
        ((b"connection:CLOSE",), False),
    ],
)
@pytest.mark.parametrize("body", [b"", b"body"])
def test_client_says_whether_the_connection_stays(lines: tuple[bytes, ...], keep_alive: bool, body: bytes) -> None:
    lengths = ((b"Content-Length: %d" % len(body),), ()) if not body else ((b"Content-Length: 4",),)
    for length in lengths:
        [asked] = found(with_lines(*lines, *length, body=body))
        assert isinstance(asked, Asked)
        assert asked.keep_alive == keep_alive


def test_head_is_bounded_whole_or_not() -> None:
    most = MAX_HEAD_BYTES - len(with_lines(b"X-A: "))
    assert len(found(with_lines(b"X-A: " + b"x" * most))) == 1
    for too_long in (with_lines(b"X-A: " + b"x" * (most + 1)), b"POST /" + b"x" * MAX_HEAD_BYTES):
        with pytest.raises(Malformed) as fault:
            found(too_long)
        assert fault.value.status == 431


def test_body_may_be_as_long_as_is_ours() -> None:
    [asked] = found(with_lines(b"Content-Length: %d" % BODY_MAX, body=b"x" * BODY_MAX))
    assert isinstance(asked, Asked)
    assert len(asked.body) == BODY_MAX


@pytest.mark.parametrize(
    "malformed",
    [
        b"\x16\x03\x01\x00\xf1\x01\x00\x00\xed\x03\x03",
        b"\x00" * 20,
        with_lines(b"Host: x"),
        BARE.replace(b"Host: x\r\n", b""),
        BARE.replace(b"\r\n", b"\n"),
        with_lines(b"X-A: 1\nX-B: 2"),
        with_lines(b"X-A: 1\rX-B: 2"),
        with_lines(b"X-A: 1\r\n 2"),
        with_lines(b"X-A : 1"),
        with_lines(b"X-A: \x00"),
        with_lines(b": 1"),
        with_lines(b"X A: 1"),
        with_lines(b"Content-Length: 1", b"Content-Length: 1", body=b"x"),
        with_lines(b"Content-Length: 1", b"Transfer-Encoding: chunked", body=b"x"),
        *(
            with_lines(b"Content-Length: " + length, body=b"xxx")
            for length in (b"", b"+3", b"0x3", b"3,3", b"-3", b"3.0")
        ),
        with_lines(b"Content-Length: 99999999999999999999"),
        b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_however_it_is_cut(malformed: bytes) -> None:
    for pieces in ([malformed], [malformed[at : at + 1] for at in range(len(malformed))], [HOT + malformed]):
        with pytest.raises(Malformed) as fault:
            found(*pieces)
        assert fault.value.status == 400
        assert fault.value.reason


def test_held_bytes_and_state_tell_what_a_request_waits_for() -> None:
    reading = reader()
    states = []
    for piece in (b"\r\n", HOT[:50], HOT[50:-2], HOT[-2:]):
        reading.feed(piece)
        one = reading.next()
        states.append((reading.held_bytes > 0, reading.in_body, one is not None))
    assert states == [(False, False, False), (True, False, False), (True, True, False), (False, False, True)]


PIECES = st.one_of(
    st.sampled_from(
        [HOT, BARE, COLD, b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"HTTP/1.1", b"Host: x\r\n", b"POST ", b" ", b":"]
    ),
    st.sampled_from([b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", PREFACE, CHAT.encode()]),
    st.text(string.printable, max_size=8).map(str.encode),
    st.binary(max_size=8),
)


@given(pieces=st.lists(PIECES, max_size=12), cuts=st.lists(st.integers(1, 40), min_size=1, max_size=8))
def test_whatever_comes_is_a_request_or_malformed_and_does_not_depend_on_how_it_is_cut(
    pieces: list[bytes], cuts: list[int]
) -> None:
    told = b"".join(pieces)
    cut, at = list[bytes](), 0
    while at < len(told):
        size = cuts[len(cut) % len(cuts)]
        cut.append(told[at : at + size])
        at += size
    assert outcome(cut) == outcome([told])


def outcome(pieces: list[bytes]) -> object:
    """The requests before a fault, and its status."""
    reading, requests = reader(), list[Asked | Passed]()
    try:
        for piece in pieces:
            reading.feed(piece)
            while Passed.ON not in requests and (one := reading.next()) is not None:
                requests.append(one)
    except Malformed as fault:
        return seen(requests), fault.status
    return seen(requests)
