"""A bug of ours costs one request, or one connection, and is logged; the pod goes on."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.errors import ClientError, StoreFull
from llmsim.serving.door.reading import RequestReader
from llmsim.store.batch import Results
from llmsim.store.schema import Ending, Outcome
from llmsim.wire.base import Frame
from llmsim.wire.dialects import GENERATING
from tests.http.asks import hot
from tests.pods import CHAT, pod, pod_with_door

WIRE = type(GENERATING[CHAT])
GOOD_FRAMES = 3


def buggy(*_arguments: object) -> Any:  # noqa: ANN401  (in the place of any function)
    message = "a bug"
    raise RuntimeError(message)


def buggy_later(frames: Callable[..., Iterator[Frame]]) -> Callable[..., Iterator[Frame]]:
    """Some frames, and then a bug."""

    def begin(*arguments: object) -> Iterator[Frame]:
        for number, frame in enumerate(frames(*arguments)):
            if number == GOOD_FRAMES:
                buggy()
            yield frame

    return begin


def bugs(caplog: pytest.LogCaptureFixture) -> list[str]:
    """The text of each traceback that was logged."""
    return [str(record.exc_info[1]) for record in caplog.records if record.levelno >= logging.ERROR and record.exc_info]


@pytest.mark.parametrize(
    ("name", "stream"), [("parse", False), ("parse", True), ("whole", False), ("frames", True), ("headers", False)]
)
@pytest.mark.parametrize("keyed", [False, True])
async def test_bug_in_a_wire_is_answered_with_500_and_the_connection_goes_on(
    tmp_path: Path,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    stream: bool,
    keyed: bool,
) -> None:
    key = [("Idempotency-Key", "k")] if keyed else []
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        with monkeypatch.context() as planted:
            planted.setattr(WIRE, name, buggy)
            await peer.send(hot("s", *key, stream=stream))
            answer = await peer.response()
        assert (answer.status, orjson.loads(answer.body)["error"]["type"]) == (500, "server_error")
        assert bugs(caplog) == ["a bug"]
        assert await under.outcomes("s") == ([] if name == "parse" else [Outcome(Ending.FAILED, 0)])
        await peer.send(hot("t"))
        assert (await peer.response()).status == 200


@pytest.mark.parametrize("pace", [Pace(), Pace(None)])
async def test_bug_in_the_middle_of_a_stream_cuts_it(
    tmp_path: Path,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    pace: Pace,
) -> None:
    async with pod_with_door(tmp_path, pace=pace) as under, under.connect() as peer:
        with monkeypatch.context() as planted:
            planted.setattr(WIRE, "frames", buggy_later(WIRE.frames))
            await peer.send(hot("s", stream=True, max_tokens=8))
            said = await peer.rest()
        assert not said.endswith(b"0\r\n\r\n")
        assert bugs(caplog) == ["a bug"]
        [outcome] = await under.outcomes("s")
        assert outcome is not None
        assert (outcome.ending, outcome.delivered) == (Ending.FAILED, said.count(b"\n\n"))
        assert (await under.say("Hi")).status == 200


def unsendable(what: str) -> Callable[..., Any]:
    """A function of a wire whose answer cannot be written: no such status, or no such header."""
    if what == "status":

        def parse(*_arguments: object) -> None:
            message = "nobody knows this status"
            raise ClientError(message, status=799)

        return parse
    return lambda *_arguments: (("x-name", "Ωmega"),)


@pytest.mark.parametrize(("name", "what"), [("parse", "status"), ("headers", "header")])
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("keyed", [False, True])
async def test_answer_that_cannot_be_written_closes_its_connection_alone(
    tmp_path: Path,
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    name: str,
    what: str,
    stream: bool,
    keyed: bool,
) -> None:
    key = [("Idempotency-Key", "k")] if keyed else []
    async with pod_with_door(tmp_path) as under, under.connect() as peer:
        with monkeypatch.context() as planted:
            planted.setattr(WIRE, name, unsendable(what))
            await peer.send(hot("s", *key, stream=stream))
            assert await peer.heard() == b""
        assert peer.closed
        assert len(bugs(caplog)) == 1
        assert await under.outcomes("s") == ([] if name == "parse" else [Outcome(Ending.FAILED, 0)])
        assert (await under.say("Hi")).status == 200


async def test_bug_in_reading_closes_its_connection_alone(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with pod_with_door(tmp_path) as under, under.connect() as other, under.connect() as peer:
        await other.send(hot("s"))
        with monkeypatch.context() as planted:
            planted.setattr(RequestReader, "next", buggy)
            await peer.send(hot("t"))
            assert await peer.heard() == b""
        assert peer.closed
        assert bugs(caplog) == ["a bug"]
        await other.send(hot("s"))
        assert (await other.heard()).count(b"HTTP/1.1 200 ") == 2


async def test_bug_in_reading_what_came_ahead_closes_its_connection_alone(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with pod_with_door(tmp_path, pace=Pace()) as under, under.connect() as peer:
        await peer.send(hot("s") * 2)
        with monkeypatch.context() as planted:
            planted.setattr(RequestReader, "next", buggy)
            assert (await peer.rest()).count(b"HTTP/1.1 200 ") == 1
        assert bugs(caplog) == ["a bug"]
        assert (await under.say("Hi")).status == 200


@pytest.mark.usefixtures("each_way")
async def test_disk_that_fills_up_before_a_whole_response_is_kept_is_told_with_507(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    room = 1

    async def runner(commit: Callable[[], Results]) -> Results:
        nonlocal room
        await trio.lowlevel.checkpoint()
        if room == 0:
            raise StoreFull("no space left on device")
        room -= 1
        return commit()

    async with pod(tmp_path, commit_runner=runner) as under:
        body = orjson.dumps({"model": "gpt-4o-mini", "input": "Hello!"})
        refused = await under.client.exchange("POST", "/v1/responses", {}, body)
        assert (refused.status, orjson.loads(refused.body)["error"]["code"]) == (507, "store_full")
        room = 1_000
        made = await under.client.exchange("POST", "/v1/responses", {}, body)
        assert made.status == 200
        shown = await under.get(f"/v1/responses/{orjson.loads(made.body)['id']}")
        assert shown["output"] == orjson.loads(made.body)["output"]
