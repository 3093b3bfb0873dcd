"""Every form of request that HTTP/1.1 knows is answered, in order, however its bytes arrive."""

from pathlib import Path

import h2.config
import h2.connection
import h2.events
import orjson
import pytest
from trio.testing import MockClock

from llmsim.serving.connection import MAX_BODY_BYTES
from tests.http.asks import MODEL, body_of, chunked, cold, hot
from tests.peers import Peer, request
from tests.pods import CHAT, DoorUnderTest, pod_with_door


async def statuses(peer: Peer, methods: str) -> list[int]:
    """Those of as many responses as there are methods."""
    return [(await peer.response(method)).status for method in methods.split()]


@pytest.mark.parametrize("count", [2, 3, 5, 20])
@pytest.mark.parametrize("stream", [False, True])
async def test_pipelined_requests_are_answered_in_order(
    tmp_path: Path, autojump_clock: MockClock, count: int, stream: bool
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        names = [f"s-{index:02}" for index in range(count)]
        await peer.send(b"".join(hot(name, stream=stream) for name in names))
        assert [(await peer.response()).headers["x-llmsim-session"] for _ in names] == names
        assert under.stored() == names


async def test_pipelined_requests_of_both_kinds_are_answered_in_order(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        bad = hot("bad", n=0)
        await peer.send(
            hot("a") + bad + hot("b", stream=True) + bad + bad + cold() + hot("c") + cold("/none") + hot("d")
        )
        assert await statuses(peer, "POST POST POST POST POST GET POST GET POST") == [
            *(200, 400, 200, 400, 400, 200, 200, 404, 200)
        ]
        assert under.stored() == ["a", "b", "c", "d"]
        assert await peer.heard() == b""


async def test_more_than_is_taken_ahead_waits_and_is_answered(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        large = [hot(f"s-{index}", user="u" * 40_000) for index in range(8)]
        async with peer.sending(b"".join(large)):
            assert await statuses(peer, "POST " * len(large)) == [200] * len(large)
        assert len(under.stored()) == len(large)


@pytest.mark.parametrize("kind", ["hot hot", "hot cold", "cold hot", "stream hot"])
async def test_requests_split_anywhere_are_answered_once(tmp_path: Path, autojump_clock: MockClock, kind: str) -> None:
    forms = {"hot": hot(), "cold": cold(), "stream": hot(stream=True)}
    both = b"".join(forms[form] for form in kind.split())
    attempts = list[str]()
    async with pod_with_door(tmp_path) as under:
        for at in range(1, len(both)):
            async with under.connect() as peer:
                await peer.send(both[:at])
                await peer.send(both[at:])
                for form in kind.split():
                    answer = await peer.response("GET" if form == "cold" else "POST")
                    assert answer.status == 200, at
                    attempts += [answer.headers["x-llmsim-turn-id"]] if form != "cold" else []
                assert await peer.heard() == b"", at
    assert [int(attempt.rpartition("-")[2]) for attempt in attempts] == list(range(len(attempts)))


async def test_request_byte_by_byte_is_answered_after_the_last(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        told = hot()
        for at in range(len(told) - 1):
            await peer.send(told[at : at + 1])
        assert await peer.heard() == b""
        await peer.send(told[-1:])
        assert (await peer.response()).status == 200


@pytest.mark.parametrize("lines", [b"\r\n", b"\r\n\r\n", b"\n", b"\r\n" * 20_000])
async def test_empty_lines_before_a_request_are_ignored(
    tmp_path: Path, autojump_clock: MockClock, lines: bytes
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(lines + hot("a"))
        await peer.send(lines[:1])
        await peer.send(lines[1:] + hot("b") + lines + cold())
        assert await statuses(peer, "POST POST GET") == [200, 200, 200]


async def test_chunked_body_is_a_body(tmp_path: Path, autojump_clock: MockClock) -> None:
    body = body_of()
    async with pod_with_door(tmp_path) as under:
        for cut in (len(body), 1, 50):
            chunks = [body[at : at + cut] for at in range(0, len(body), cut)]
            async with under.connect() as peer:
                await peer.send(chunked("s", *chunks) + hot("t"))
                assert await statuses(peer, "POST POST") == [200, 200]


async def test_expectation_is_met_with_100(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        told = hot("s", ("Expect", "100-continue"))
        head, body = told[: -len(body_of())], told[-len(body_of()) :]
        await peer.send(head)
        assert (await peer.heard()).startswith(b"HTTP/1.1 100 ")
        await peer.send(body)
        assert (await peer.response()).status == 200


async def test_head_and_options_have_no_body(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        whole = await peer.exchange("GET", MODEL, {})
        head = await peer.exchange("HEAD", MODEL, {})
        assert (head.status, head.body) == (200, b"")
        assert head.headers["content-length"] == whole.headers["content-length"] == str(len(whole.body))
        options = await peer.exchange("OPTIONS", "/v1/completions", {})
        assert (options.status, sorted(options.headers["allow"].split(", "))) == (200, ["OPTIONS", "POST"])
        assert (await peer.exchange("HEAD", "/v1/completions", {})).status == 405


@pytest.mark.parametrize("told", [cold(), hot()])
async def test_older_client_is_answered_and_the_connection_closed(
    tmp_path: Path, autojump_clock: MockClock, told: bytes
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(told.replace(b"HTTP/1.1", b"HTTP/1.0"))
        assert (await peer.response()).status == 200
        assert await peer.heard() == b""
        assert peer.closed


@pytest.mark.parametrize("target", [CHAT + "?a=b", CHAT + "?", "http://door" + CHAT, "/v1/chat%2Fcompletions"])
async def test_target_may_have_other_forms(tmp_path: Path, autojump_clock: MockClock, target: str) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(hot(path=target) + cold("http://door" + MODEL))
        assert await statuses(peer, "POST GET") == [200, 200]


async def test_http2_with_prior_knowledge_is_answered_over_http2(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        client = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        client.initiate_connection()
        head = [(":method", "POST"), (":path", CHAT), (":scheme", "http"), (":authority", "door")]
        for stream, session in ((1, "a"), (3, "b")):
            client.send_headers(stream, [*head, ("x-llmsim-session", session)])
            client.send_data(stream, body_of(), end_stream=True)
        await peer.send(client.data_to_send())
        events = client.receive_data(await peer.heard())
        answers = [dict(event.headers or ()) for event in events if isinstance(event, h2.events.ResponseReceived)]
        assert sorted(answer[b"x-llmsim-session"] for answer in answers) == [b"a", b"b"]
        assert [answer[b":status"] for answer in answers] == [b"200"] * 2
        assert under.stored() == ["a", "b"]


@pytest.mark.parametrize("where", [CHAT, MODEL, "/none"])
async def test_websocket_is_refused(tmp_path: Path, autojump_clock: MockClock, where: str) -> None:
    upgrade = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")]
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(request("GET", where, [*upgrade, ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]))
        assert (await peer.heard()).startswith(b"HTTP/1.1 403 ")
        assert peer.closed


@pytest.mark.parametrize("headers", [[("Connection", "Upgrade"), ("Upgrade", "foo")], [("Upgrade", "foo")]])
async def test_upgrade_that_nobody_knows_is_ignored(
    tmp_path: Path, autojump_clock: MockClock, headers: list[tuple[str, str]]
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(hot("s", *headers) + hot("t"))
        assert await statuses(peer, "POST POST") == [200, 200]


async def half_closed(under: DoorUnderTest, told: bytes) -> bytes:
    """All that is said to a client which sends this and no more."""
    async with under.connect() as peer:
        await peer.stream.send_all(told)
        await peer.stream.send_eof()
        return await peer.rest()


@pytest.mark.parametrize("keyed", [False, True])
@pytest.mark.parametrize("count", [1, 3])
async def test_client_that_says_no_more_is_answered_what_it_asked(
    tmp_path: Path, autojump_clock: MockClock, count: int, keyed: bool
) -> None:
    async with pod_with_door(tmp_path) as under:
        told = [hot(f"s-{index}", *([("Idempotency-Key", "k")] if keyed else [])) for index in range(count)]
        said = await half_closed(under, b"".join(told))
        assert said.count(b"HTTP/1.1 200 ") == count
        assert len(under.stored()) == count


async def test_client_that_says_no_more_is_answered_after_a_stream(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        await peer.send(hot("a", stream=True))
        assert (await peer.response()).status == 200
        await peer.stream.send_all(hot("b"))
        await peer.stream.send_eof()
        assert (await peer.response()).status == 200
        assert await peer.heard() == b""
        assert peer.closed


@pytest.mark.parametrize("part", [10, len(hot()) - 1])
async def test_client_that_says_no_more_in_a_request_is_answered_what_was_whole(
    tmp_path: Path, autojump_clock: MockClock, part: int
) -> None:
    async with pod_with_door(tmp_path) as under:
        assert (await half_closed(under, hot("a") + hot("b")[:part])).count(b"HTTP/1.1 200 ") == 1
        assert under.stored() == ["a"]


async def test_body_that_is_too_large_is_refused_in_the_callers_words(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    large = b"x" * (MAX_BODY_BYTES + 1)
    async with pod_with_door(tmp_path) as under:
        for told in (request("POST", CHAT, body=large), chunked("s", *[large[:65536]] * 129)):
            async with under.connect() as peer, peer.sending(told):
                answer = await peer.response()
                error = orjson.loads(answer.body)["error"]
                assert (answer.status, error["code"], error["type"]) == (
                    *(413, "request_too_large", "invalid_request_error"),
                )
        assert under.stored() == []
