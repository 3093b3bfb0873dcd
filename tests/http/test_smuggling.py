"""Requests whose end a proxy might see elsewhere: each is one request or none, and nothing in it is another one.

Cases: RFC 9112 6.3 and 11.2; the lists of TE.CL and CL.TE variants published by PortSwigger ("HTTP Desync Attacks",
"HTTP/1 must die"), of smuggler.py's obfuscations, and of chunk parsing faults ("TERM.EXT", "EXT.TERM", size overflow).
"""

from pathlib import Path

import pytest
from trio.testing import MockClock

from tests.http.asks import body_of, hot
from tests.pods import CHAT, DoorUnderTest, pod_with_door

SMUGGLED = hot("smuggled")
BODY = body_of()
CHUNKS = b"%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
"""The body of a good request, in one chunk."""


def post(*lines: bytes, body: bytes, path: bytes = CHAT.encode()) -> bytes:
    """A request of a session of its own with these header lines."""
    return b"\r\n".join([b"POST " + path + b" HTTP/1.1", b"Host: x", b"X-LLMSim-Session: outer", *lines, b"", body])


def length(body: bytes) -> bytes:
    return b"Content-Length: %d" % len(body)


CHUNKED = b"Transfer-Encoding: chunked"
ENDED = b"0\r\n\r\n" + SMUGGLED
"""A body that ends before the smuggled request for who reads chunks, and after it for who goes by its length."""
OBFUSCATED = (
    *(b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding:\x0bchunked"),
    *(b"Transfer-Encoding: chunked, identity", b"Transfer-Encoding: identity, chunked", b"Transfer-Encoding: identity"),
    *(b"Transfer-Encoding: chunked, chunked", b"Transfer-Encoding: gzip, chunked", b"Transfer-Encoding: gzip"),
    *(b"Transfer-Encoding: \x00chunked", b"Transfer-Encoding: chunked\x00", b"Transfer-Encoding: \xffchunked"),
    *(b"Transfer-Encoding: 'chunked'", b'Transfer-Encoding: "chunked"', b"Transfer-Encoding: chunk"),
    *(b"Transfer-Encoding: chunked;foo", b"Transfer-Encoding: chunked;q=1", b"Transfer-Encoding: ,chunked"),
    *(b"Transfer-Encoding: chunked,", b"Transfer-Encoding:\x85chunked", b"Transfer-Encoding:\xa0chunked"),
    *(b"Transfer-Encoding", b"Transfer-Encoding:", b"Transfer-Encoding: ", b"Transfer-Encoding\r\n : chunked"),
    *(b"Transfer-Encoding:\r\n chunked", b"Transfer-Encoding:\n chunked", b"X: y\nTransfer-Encoding: chunked"),
    *(b"X: y\rTransfer-Encoding: chunked", b" Transfer-Encoding: chunked", b"\tTransfer-Encoding: chunked"),
    *(b"Transfer\x00-Encoding: chunked", b"Transfer-Encoding\x00: chunked"),
    *(b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x", b"Transfer-Encoding: x\r\nTransfer-Encoding: chunked"),
    *(b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked", b"\xefTransfer-Encoding: chunked"),
    *(b"TRANSFER-ENCODING: CHUNKED", b"tRANSFER-eNCODING: cHuNkEd", b"Transfer-Encoding: chunked"),
    *(b"Transfer-Encoding:\tchunked", b"Transfer-Encoding:chunked", b"Transfer-Encoding: chunked\t"),
)
CL_TE = {
    **{f"CL.TE {line!r}": post(length(ENDED), line, body=ENDED) for line in OBFUSCATED},
    **{f"TE.CL {line!r}": post(line, length(ENDED), body=ENDED) for line in OBFUSCATED},
}
WITHOUT_LENGTH = {
    f"TE alone {line!r}": post(line, body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)) for line in OBFUSCATED
}
LENGTHS = {
    f"CL {value!r}": post(*[b"Content-Length: " + one for one in value], body=SMUGGLED)
    for value in (
        *([b"0", b"%d" % len(SMUGGLED)], [b"%d" % len(SMUGGLED), b"0"], [b"0,%d" % len(SMUGGLED)]),
        *([b"+%d" % len(SMUGGLED)], [b"-%d" % len(SMUGGLED)], [b"0x%x" % len(SMUGGLED)], [b"%d " % len(SMUGGLED)]),
        *([b"%d\x00" % len(SMUGGLED)], [b"\x0b%d" % len(SMUGGLED)], [b"%d.0" % len(SMUGGLED)], [b"1e3"]),
        *([b"0%d" % len(SMUGGLED)], [b"0\r\n %d" % len(SMUGGLED)], [b"%d\r\n\t" % len(SMUGGLED)]),
        *([b"184467440737095516160%d" % len(SMUGGLED)], [b"4294967296"], [b"1_0"], ["３".encode()]),  # noqa: RUF001
    )
}
CHUNK_FAULTS = {
    name: post(CHUNKED, body=body + b"\r\n" + SMUGGLED)
    for name, body in {
        "size with a sign": b"+" + CHUNKS,
        "size with 0x": b"0x" + CHUNKS,
        "negative size": b"-1\r\nx\r\n0\r\n\r\n",
        "size that overflows 64 bits": b"10000000000000000\r\n" + SMUGGLED + b"\r\n0\r\n\r\n",
        "size that wraps round to the body": b"1000000000000%x\r\n" % 0x10 + b"x" * 16 + b"\r\n0\r\n\r\n",
        "size of a thousand digits": b"0" * 1000 + b"\r\n",
        "no size": b"\r\n" + BODY,
        "size in letters": b"xyz\r\n" + BODY,
        "underscore": b"1_0\r\n" + b"x" * 16 + b"\r\n0\r\n\r\n",
        "space before the size": b" " + CHUNKS,
        "chunk longer than its size": b"1\r\nxx\r\n0\r\n\r\n",
        "chunk that ends in LF": b"1\r\nx\n0\r\n\r\n",
        "size that ends in LF": b"1\nx\r\n0\r\n\r\n",
        "size that ends in CR": b"1\rx\r\n0\r\n\r\n",
        "extension with LF": b"1;a\nb\r\nx\r\n0\r\n\r\n",
        "extension with a request": b"0;a\n" + SMUGGLED,
        "endless extension": b"1;" + b"a" * 100_000 + b"\r\nx\r\n0\r\n\r\n",
        "two CR": b"1\r\r\nx\r\n0\r\n\r\n",
        "end with LF": b"1\r\nx\r\n0\n\n",
    }.items()
}
CASES = {**CL_TE, **WITHOUT_LENGTH, **LENGTHS, **CHUNK_FAULTS}


async def answered(under: DoorUnderTest, told: bytes, cut: int) -> tuple[int, bool, bool]:
    """How many answers there are, and whether the connection was closed, and was said to be."""
    async with under.connect() as peer:
        said = b""
        for at in range(0, len(told), cut):
            if not peer.closed:
                await peer.send(told[at : at + cut])
                said += await peer.heard()
        answers = said.count(b"HTTP/1.1 ") - said.count(b"HTTP/1.1 100 ")
        return answers, peer.closed, b"connection: close\r\n" in said.lower()


@pytest.mark.parametrize("name", CASES)
async def test_ambiguous_request_is_one_or_none(tmp_path: Path, autojump_clock: MockClock, name: str) -> None:
    told = CASES[name]
    async with pod_with_door(tmp_path) as under:
        outcomes = {await answered(under, told, cut) for cut in (len(told), max(1, len(told) // 7))}
        assert "smuggled" not in under.stored()
        assert len(outcomes) == 1
        [(answers, closed, said_so)] = outcomes
        assert answers <= 1
        assert closed or not said_so


SWALLOWED = {
    "a body by its length": post(length(SMUGGLED), body=SMUGGLED),
    "a body of a route that takes none": post(length(SMUGGLED), body=SMUGGLED).replace(
        b"POST " + CHAT.encode(), b"GET /healthz"
    ),
    "a body of an unknown route": post(length(SMUGGLED), body=SMUGGLED, path=b"/none"),
    "a body of a method that is refused": post(length(SMUGGLED), body=SMUGGLED).replace(b"POST", b"DELETE", 1),
    "a body beside a header of another name": post(length(ENDED), b"Transfer_Encoding: chunked", body=ENDED),
    "a body in chunks": post(CHUNKED, body=b"%x\r\n%b\r\n0\r\n\r\n" % (len(SMUGGLED), SMUGGLED)),
    "a body after an expectation": post(length(SMUGGLED), b"Expect: 100-continue", body=SMUGGLED),
    "a body of HEAD": post(length(SMUGGLED), body=SMUGGLED).replace(b"POST " + CHAT.encode(), b"HEAD /healthz"),
    "an extension": post(CHUNKED, body=b"%x;a=%b\r\n%b\r\n0\r\n\r\n" % (len(BODY), b"b" * 100, BODY)),
    "trailers": post(CHUNKED, body=CHUNKS[:-2] + b"X-LLMSim-Session: smuggled\r\nContent-Length: 5\r\n\r\n"),
    "a header": post(b"X-A: " + SMUGGLED.partition(b"\r\n")[0], length(BODY), body=BODY),
    "the target": post(length(BODY), body=BODY, path=CHAT.encode() + b"?POST%20/v1%20HTTP/1.1%0d%0aHost:%20x"),
}


@pytest.mark.parametrize("name", SWALLOWED)
async def test_request_in_another_is_part_of_it(tmp_path: Path, autojump_clock: MockClock, name: str) -> None:
    told = SWALLOWED[name]
    async with pod_with_door(tmp_path) as under:
        for cut in (len(told), 50):
            answers, closed, _ = await answered(under, told + hot(f"after-{cut}"), cut)
            assert answers == 1 + (not closed)
            assert (f"after-{cut}" in under.stored()) is not closed
            assert not closed or not told.startswith(b"POST " + CHAT.encode())
        assert "smuggled" not in under.stored()
