"""The player: what a client would send, when, and what it makes of the answers; the server here is a fake one."""

from collections.abc import Mapping
from typing import Any

import attrs
import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Pace
from llmsim.errors import OperatorError
from llmsim.replay.clients import Exchange
from llmsim.replay.player import Played, play
from llmsim.replay.script import History, Part, ScriptCall, ScriptTurn
from llmsim.turn import FinishReason

STREAM = {"content-type": "text/event-stream; charset=utf-8", "x-llmsim-turn-id": "1-0123456789abcdef-0"}
WHOLE = STREAM | {"content-type": "application/json"}
TOTAL_US = 2_000_000


def part(*turns: ScriptTurn, **changes: Any) -> Part:  # noqa: ANN401  (as attrs.evolve)
    plain = Part("s", 0, "m", None, History.CLIENT, stream=True, params={}, turns=turns)
    return attrs.evolve(plain, **changes)


def chunk(text: str | None = None, finish: str | None = None, index: int = 0) -> bytes:
    choice = {"index": index, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    return b"data: " + orjson.dumps({"choices": [choice]}) + b"\n\n"


SAYS_HI = (chunk("H"), chunk("i"), chunk(finish="stop"), b"data: [DONE]\n\n")


@attrs.define
class Fake:
    """A server that answers every request the same, after `slow_s` on trio's clock, and remembers when it was asked."""

    body: tuple[bytes, ...] = SAYS_HI
    status: int = 200
    headers: dict[str, str] = attrs.field(factory=lambda: STREAM)
    slow_s: float = 0.0
    shows: int = 200
    asked: list[tuple[float, dict[str, str], dict[str, Any]]] = attrs.field(factory=list)

    async def exchange(self, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> Exchange:
        if method == "GET":
            assert path == "/llmsim/v1/sessions/s/turns/1-0123456789abcdef-0"
            await trio.lowlevel.checkpoint()
            times = {"frames_us": [500_000, 600_000, TOTAL_US, TOTAL_US], "total_us": TOTAL_US}
            return Exchange(self.shows, {}, ((trio.current_time(), orjson.dumps(times)),))
        self.asked.append((trio.current_time(), dict(headers), orjson.loads(body)))
        await trio.sleep(self.slow_s)
        return Exchange(self.status, self.headers, tuple((trio.current_time(), data) for data in self.body))


async def played(fake: Fake, *turns: ScriptTurn, pace: Pace | None = None, **changes: Any) -> list[Played]:  # noqa: ANN401
    with trio.fail_after(10_000):
        return await play([part(*turns, **changes)], fake, pace or Pace())


async def test_turn_is_due_when_the_planned_reply_has_ended_and_the_user_has_thought(autojump_clock: MockClock) -> None:
    fake = Fake()
    begin = trio.current_time()
    turns = await played(fake, ScriptTurn("a", think_s=1), ScriptTurn("b", think_s=3), start_us=500_000)
    assert [round(at - begin, 6) for at, _, _ in fake.asked] == [1.5, 6.5]
    assert [turn.at_us for turn in turns] == [1_500_000, 6_500_000]
    assert turns[0].offsets_us == (500_000, 600_000, TOTAL_US, TOTAL_US)
    assert turns[0].total_us == TOTAL_US


@pytest.mark.parametrize(("pace", "due"), [(Pace(10), [0.1, 0.6]), (Pace(None), [0, 0])])
async def test_pace_shortens_what_is_waited_and_not_what_is_planned(
    pace: Pace, due: list[float], autojump_clock: MockClock
) -> None:
    fake = Fake()
    begin = trio.current_time()
    turns = await played(fake, ScriptTurn("a", think_s=1), ScriptTurn("b", think_s=3), pace=pace)
    assert [round(at - begin, 6) for at, _, _ in fake.asked] == due
    assert [turn.at_us for turn in turns] == [1_000_000, 6_000_000]


async def test_server_that_is_late_shifts_no_planned_time(autojump_clock: MockClock) -> None:
    fake = Fake(slow_s=60)
    turns = await played(fake, ScriptTurn("a"), ScriptTurn("b", think_s=3))
    assert [turn.at_us for turn in turns] == [0, 5_000_000]
    assert turns[0].observed_us == (60_000_000,) * 4


async def test_sessions_are_played_at_once_and_each_turn_is_told(autojump_clock: MockClock) -> None:
    fake, told = Fake(slow_s=100), list[Played]()
    begin = trio.current_time()
    with trio.fail_after(150):
        turns = await play([part(ScriptTurn("a")), part(ScriptTurn("b"))], fake, Pace(), told.append)
    assert {round(at - begin) for at, _, _ in fake.asked} == {0}
    assert turns == told
    assert len(told) == 2


async def test_request_carries_what_the_script_says(autojump_clock: MockClock) -> None:
    fake = Fake()
    turns = (ScriptTurn("a"), ScriptTurn("b", params={"n": 2, "seed": 5}))
    await played(fake, *turns, system="Be kind.", params={"n": 1, "max_tokens": 9})
    [(_, headers, first), (_, _, second)] = fake.asked
    assert headers == {"content-type": "application/json", "x-llmsim-session": "s"}
    system, user = {"role": "system", "content": "Be kind."}, {"role": "user", "content": "a"}
    assert first == {"model": "m", "messages": [system, user], "stream": True, "n": 1, "max_tokens": 9}
    reply, again = {"role": "assistant", "content": "Hi"}, {"role": "user", "content": "b"}
    assert second == {**first, "messages": [system, user, reply, again], "n": 2, "seed": 5}


async def test_server_s_history_gets_new_messages_alone(autojump_clock: MockClock) -> None:
    fake = Fake()
    await played(fake, ScriptTurn("a"), ScriptTurn("b"), ScriptTurn("c"), system="Be kind.", history=History.SERVER)
    assert all(headers["x-llmsim-history"] == "server" for _, headers, _ in fake.asked)
    sent = [[message["content"] for message in body["messages"]] for _, _, body in fake.asked]
    assert sent == [["Be kind.", "a"], ["b"], ["c"]]


@pytest.mark.parametrize(
    ("turn", "faults"),
    [
        (ScriptTurn("a", expect=("H.", "^Hi$"), finish=FinishReason.STOP), []),
        (ScriptTurn("a", expect=("Hi", "Ho+")), ["the reply has no match of 'Ho+': 'Hi'"]),
        (ScriptTurn("a", finish=FinishReason.LENGTH), ["finish reason 'stop', expected 'length'"]),
        (ScriptTurn("a", reply="Hi"), []),
        (ScriptTurn("a", reply="Hi, I was cut."), []),
        (ScriptTurn("a", reply="Ho"), ["the scripted reply was not given, but 'Hi'"]),
        (ScriptTurn("a", reply=""), ["the scripted reply was not given, but 'Hi'"]),
        (ScriptTurn("a", refusal="Hi"), []),
        (ScriptTurn("a", refusal="No"), ["the scripted reply was not given, but 'Hi'"]),
        (ScriptTurn("a", expect_calls=()), []),
        (ScriptTurn("a", expect_calls=("f",)), ["the reply calls [], expected ['f']"]),
        (ScriptTurn("a", reply="Hi", calls=(ScriptCall("f"),)), ["the scripted calls were not made, but []"]),
    ],
)
async def test_expectation_that_is_not_met_is_said(
    turn: ScriptTurn, faults: list[str], autojump_clock: MockClock
) -> None:
    [one] = await played(Fake(), turn)
    assert list(one.unmet) == faults


async def test_scripted_reply_that_did_not_come_at_all_is_said(autojump_clock: MockClock) -> None:
    [one] = await played(Fake((chunk(finish="stop"), b"data: [DONE]\n\n")), ScriptTurn("a", reply="Hi"))
    assert one.unmet == ("the scripted reply was not given, but ''",)


async def test_error_is_unmet_and_leaves_at_once(autojump_clock: MockClock) -> None:
    fake = Fake((b'{"error": {}}',), status=429, headers={"content-type": "application/json"})
    first, second = await played(fake, ScriptTurn("a"), ScriptTurn("b", think_s=1))
    assert first.unmet == ('status 429: {"error": {}}',)
    assert (first.events, first.offsets_us, first.total_us) == (('{"error": {}}',), (0,), 0)
    assert (second.at_us, second.status) == (1_000_000, 429)


async def test_answer_that_is_not_streamed_is_one_event_at_its_end(autojump_clock: MockClock) -> None:
    body = b'{"choices": [{"index": 0, "message": {"content": "Hi"}, "finish_reason": "stop"}]}'
    [one] = await played(Fake((body,), headers=WHOLE), ScriptTurn("a", expect=("^Hi$",)), stream=False)
    assert (one.events, one.offsets_us, one.unmet) == ((body.decode(),), (TOTAL_US,), ())


@pytest.mark.parametrize(
    ("fake", "fault"),
    [
        (Fake(headers={"content-type": "text/event-stream"}), "the answer names no turn"),
        (Fake(shows=404), "the server does not show turn 1-0123456789abcdef-0: status 404"),
    ],
)
async def test_server_of_another_kind_is_the_operator_s(fake: Fake, fault: str, autojump_clock: MockClock) -> None:
    with pytest.RaisesGroup(pytest.RaisesExc(OperatorError, match=f"^session s: {fault}")):
        await played(fake, ScriptTurn("a"))
