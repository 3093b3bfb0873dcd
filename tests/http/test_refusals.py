"""What is no request is refused with a reason, and its connection closed; what takes too long is given up."""

import hashlib
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.serving.door.connection import Awaited
from llmsim.serving.server import LIMITS
from tests.http.asks import body_of, chunked, cold, hot
from tests.peers import Peer, request
from tests.pods import CHAT, DoorUnderTest, pod_with_door

TLS_HELLO = bytes.fromhex("16030100f1010000ed0303") + bytes(range(200))


def post(*lines: bytes, body: bytes = b"") -> bytes:
    """A generating request with these header lines and no others."""
    return b"\r\n".join([f"POST {CHAT} HTTP/1.1".encode(), *lines, b"", body])


GARBAGE = {
    "TLS": TLS_HELLO,
    "NUL": b"\x00" * 100,
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n",
    "SMTP": b"EHLO example.org\r\n\r\n",
    "Redis": b"*1\r\n$4\r\nPING\r\n",
    "bare LF": hot().replace(b"\r\n", b"\n"),
    "one bare LF": post(b"Host: x", b"X-A: 1\nX-B: 2"),
    "bare CR": post(b"Host: x", b"X-A: 1\rX-B: 2"),
    "obs-fold": post(b"Host: x", b"X-A: 1", b" 2"),
    "obs-fold with a tab": post(b"Host: x", b"X-A: 1", b"\t2"),
    "space before colon": post(b"Host: x", b"X-A : 1"),
    "space before the first header": post(b" X-A: 1", b"Host: x"),
    "no colon": post(b"Host: x", b"X-A"),
    "no name": post(b"Host: x", b": 1"),
    "NUL in a value": post(b"Host: x", b"X-A: \x00"),
    "NUL in a name": post(b"Host: x", b"X-\x00A: 1"),
    "control in a value": post(b"Host: x", b"X-A: 1\x01"),
    "no Host": post(b"Content-Length: 0"),
    "two Hosts": post(b"Host: x", b"Host: x"),
    "no Host, cold": b"GET /healthz HTTP/1.1\r\n\r\n",
    "two Hosts, cold": b"GET /healthz HTTP/1.1\r\nHost: x\r\nhost: y\r\n\r\n",
    "lower-case method": hot().replace(b"POST", b"post"),
    "no such method": hot().replace(b"POST", b"FETCH"),
    "no version": b"GET /healthz\r\n\r\n",
    "version of another": hot().replace(b"HTTP/1.1", b"HTTP/1.2"),
    "version misspelt": hot().replace(b"HTTP/1.1", b"HTTP/1.1.1"),
    "protocol of another": hot().replace(b"HTTP/1.1", b"HTTPS/1.1"),
    "control in the target": hot().replace(b"/v1", b"/\x01v1"),
    "half a preface": b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n",
    **{
        f"Content-Length: {length!r}": post(b"Host: x", b"Content-Length: " + length, body=b"xxx")
        for length in (
            *(b"", b"+3", b"-3", b"0x3", b"3,3", b"3, 3", b"3 3", b"3.0", b"3e0", b"three", b"\xb3", b"\x003"),
            *(b"99999999999999999999", b"18446744073709551619", b"1" * 500),
        )
    },
    "two lengths": post(b"Host: x", b"Content-Length: 3", b"Content-Length: 4", body=b"xxx"),
    "the same length twice": post(b"Host: x", b"Content-Length: 3", b"content-length: 3", body=b"xxx"),
}


@pytest.mark.parametrize("name", GARBAGE)
async def test_garbage_is_refused_and_its_connection_closed(
    tmp_path: Path, autojump_clock: MockClock, name: str
) -> None:
    async with pod_with_door(tmp_path) as under:
        for before in (b"", hot("before")):
            async with under.connect() as peer:
                await peer.send(before)
                assert (await peer.heard()).count(b"HTTP/1.1 200 ") == (before != b"")
                await peer.send(GARBAGE[name] + hot("after"))
                answer = await peer.response()
                assert (answer.status, answer.headers["connection"]) == (400, "close")
                assert await peer.heard() == b""
                assert peer.closed
        assert under.stored() == ["before"]


async def test_refusal_says_why_and_is_counted(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(GARBAGE["two Hosts"])
        answer = await peer.response()
        assert (answer.body, answer.headers["content-type"]) == (
            *(b"an HTTP/1.1 request has exactly one Host header\n", "text/plain; charset=utf-8"),
        )
        counted = b'llm_simulator_requests_total{route="malformed",status="400"} 1.0'
        assert counted in under.service.metrics.exposition()


async def test_random_bytes_are_refused_or_waited_for(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under:
        for number in range(200):
            async with under.connect() as peer:
                await peer.send(hashlib.shake_128(b"%d" % number).digest(number % 100 + 1))
                said = await peer.heard()
                assert said[:13] in {b"", b"HTTP/1.1 400 "}
                assert peer.closed == bool(said)
        assert (await under.client.exchange("GET", "/healthz", {})).status == 200


@pytest.mark.parametrize("told", [hot("s", ("X-A", "x" * 17_000)), cold("/healthz", "GET", ("X-A", "x" * 17_000))])
async def test_long_head_is_refused_with_431(tmp_path: Path, autojump_clock: MockClock, told: bytes) -> None:
    async with pod_with_door(tmp_path) as under:
        for cut in (len(told), 1000):
            async with under.connect() as peer, peer.sending(told[:cut] + told[cut:]):
                assert (await peer.response()).status == 431
                assert await peer.heard() == b""
                assert peer.closed
        for endless in (b"GET /", b"GET / HTTP/1.1\r\nX-A: "):
            async with under.connect() as peer, peer.sending(endless + b"x" * 1_000_000):
                assert (await peer.response()).status == 431


@pytest.mark.parametrize("told", [b"", b"\r\n", hot("a"), hot("a", stream=True), hot("a", n=0)])
async def test_idle_connection_is_closed_after_a_while(tmp_path: Path, autojump_clock: MockClock, told: bytes) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await trio.sleep(3)
        await peer.send(told)
        begun = trio.current_time()
        said = await peer.rest()
        waited = LIMITS.wait_s[Awaited.REQUEST] - (0 if told.strip() else 3)
        assert trio.current_time() - begun == pytest.approx(waited)
        assert said.count(b"HTTP/1.1 ") == bool(told.strip())


async def test_connection_in_use_is_not_idle(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        for _ in range(10):
            await trio.sleep(LIMITS.wait_s[Awaited.REQUEST] - 0.1)
            assert (await peer.exchange("POST", CHAT, {}, body_of())).status == 200


async def drip(peer: Peer, told: bytes, every_s: float) -> None:
    """Send a byte at a time until it is refused."""
    try:
        for at in range(len(told)):
            await peer.stream.send_all(told[at : at + 1])
            await trio.sleep(every_s)
    except trio.BrokenResourceError:
        return


@pytest.mark.parametrize("before", [b"", hot("before"), hot("before") * 2])
@pytest.mark.parametrize(
    ("told", "waits_for"),
    [(hot(), Awaited.HEAD), (request("POST", CHAT, body=b"x" * 1000), Awaited.BODY), (cold(), Awaited.HEAD)],
)
async def test_request_that_drips_is_given_up(
    tmp_path: Path, autojump_clock: MockClock, told: bytes, waits_for: Awaited, before: bytes
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer, trio.open_nursery() as nursery:
        await peer.send(before)
        assert (await peer.heard()).count(b" 200 OK\r\n") == before.count(b"POST")
        await trio.sleep(4)
        whole = len(told.partition(b"\r\n\r\n")[0]) + 4 if waits_for is Awaited.BODY else 1
        await peer.send(told[:whole])
        begun = trio.current_time()
        nursery.start_soon(drip, peer, told[whole:], 0.9)
        answer = await peer.response()
        assert trio.current_time() - begun == pytest.approx(LIMITS.wait_s[waits_for])
        assert (answer.status, answer.headers["connection"]) == (408, "close")
        assert waits_for.value.encode() in answer.body
        await peer.rest()
        nursery.cancel_scope.cancel()


async def test_chunked_body_that_drips_is_given_up(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer, trio.open_nursery() as nursery:
        head, _, body = chunked("s", *[b"x"] * 1000).partition(b"\r\n\r\n")
        await peer.send(head + b"\r\n\r\n")
        nursery.start_soon(drip, peer, body, 0.9)
        answer = await peer.response()
        assert answer.status == 408
        assert answer.headers["content-type"].startswith("application/json")
        nursery.cancel_scope.cancel()


async def test_answer_that_takes_long_is_no_idle_connection(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path, pace=Pace(0.001)) as under, under.connect() as peer:
        begun = trio.current_time()
        assert (await peer.exchange("POST", CHAT, {}, body_of())).status == 200
        assert trio.current_time() - begun > 10 * LIMITS.wait_s[Awaited.REQUEST]


async def test_client_that_is_refused_can_read_why_though_it_goes_on_sending(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(GARBAGE["TLS"])
        for _ in range(5):
            await peer.send(b"more")
        assert (await peer.response()).status == 400
        begun = trio.current_time()
        await peer.rest()
        assert trio.current_time() - begun < 3


@pytest.mark.parametrize(("exact", "loose"), [(b"POST ", b"POST   "), (b" HTTP/1.1\r", b" RTSP/1.1\r")])
async def test_request_line_that_llhttp_forgives_is_one_request(
    tmp_path: Path, autojump_clock: MockClock, exact: bytes, loose: bytes
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(hot("a").replace(exact, loose, 1) + hot("b"))
        assert (await peer.heard()).count(b"HTTP/1.1 200 ") == 2
        assert under.stored() == ["a", "b"]


async def talk(under: DoorUnderTest, count: int) -> list[str | None]:
    """What the answers on one connection say about it, until it is closed."""
    said = list[str | None]()
    async with under.connect() as peer:
        for _ in range(count):
            answer = await peer.exchange("POST", CHAT, {}, body_of())
            said.append(answer.headers.get("connection"))
        assert await peer.heard() == b""
        assert peer.closed == (said[-1] == "close")
    return said


async def test_connection_ends_with_its_last_request(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path, attrs.evolve(LIMITS, requests=3)) as under:
        assert await talk(under, 3) == [None, None, "close"]
        async with under.connect() as peer:
            await peer.send(hot("s") * 5)
            assert (await peer.rest()).count(b"HTTP/1.1 200 ") == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_client_that_asks_to_close_is_answered_and_closed(
    tmp_path: Path, autojump_clock: MockClock, stream: bool
) -> None:
    async with pod_with_door(tmp_path) as under:
        close = ("Connection", "close")
        for told in (hot("s", close, stream=stream) + hot("t"), cold("/healthz", "GET", close)):
            async with under.connect() as peer:
                await peer.send(told)
                answer = await peer.response("GET" if told.startswith(b"GET") else "POST")
                assert (answer.status, answer.headers["connection"]) == (200, "close")
                assert await peer.heard() == b""
                assert peer.closed
        assert under.stored() == ["s"]
