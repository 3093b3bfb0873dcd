"""Turns that are asked for again are drawn again, and held against what is stored of them."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import attrs
import pytest
from trio.testing import MockClock

from llmsim.admission import Slot
from llmsim.comparison import differences, unequal
from llmsim.profile import Profiles, Style, Text
from llmsim.replay.clients import Exchange
from llmsim.store import codec
from llmsim.store.schema import Table, Turn, turn_key
from llmsim.store.sessions import turns
from llmsim.turn import FinishReason, Reply, Scripted, ToolCall, Usage
from tests.pods import PROFILES, PodUnderTest, pod, reply

NAMED = {"X-LLMSim-Session": "s1"}
KEYED = {**NAMED, "Idempotency-Key": "k1"}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
each_way = pytest.mark.usefixtures("each_way")


def counted(under: PodUnderTest) -> tuple[float, float]:
    """How many turns were compared, and how many of them differed."""
    metrics = under.service.metrics
    return metrics.replay_compared.value, metrics.replay_mismatches.value


@asynccontextmanager
async def tampered(under: PodUnderTest, change: Callable[[Turn], Turn]) -> AsyncIterator[None]:
    """While the block runs, another record is stored in the place of the session's last turn."""
    turn, _ = stored(under)

    async def put(record: Turn) -> None:
        key = turn_key("s1", turn.key)
        await under.service.simulator.writer.commit(lambda view: view.put(Table.TURNS, key, codec.encode(record)))

    await put(change(turn))
    yield
    await put(turn)


def otherwise(turn: Turn) -> Turn:
    """Another text in its first reply, by one character."""
    first = turn.replies[0]
    return attrs.evolve(turn, replies=(attrs.evolve(first, text="#" + first.text[1:]), *turn.replies[1:]))


def stored(under: PodUnderTest) -> tuple[Turn, Slot]:
    """The session's last turn, and it again from what is stored."""
    with under.service.simulator.environment.read() as view:
        turn = list(turns(view, "s1"))[-1]
    return turn, under.service.simulator.slot_of(turn)


@each_way
@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("store", ["yes", "no"])
async def test_attempts_are_compared_and_the_first_is_not(
    tmp_path: Path, autojump_clock: MockClock, *, stream: bool, store: str
) -> None:
    async with pod(tmp_path) as under:
        await under.say("What is rain?", headers=NAMED, n=2)
        await under.say("What is snow?", headers=NAMED)
        assert counted(under) == (0, 0)
        again = await under.say("What is rain?", headers=NAMED | {"X-LLMSim-Store": store}, n=2, stream=stream)
        assert again.status == 200
        assert counted(under) == (1, 0)


@each_way
async def test_attempt_that_differs_from_what_is_stored_is_a_mismatch_and_says_which_and_not_what(
    tmp_path: Path, autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    async with pod(tmp_path) as under:
        first = await under.say("What is rain?", headers=NAMED)
        turn, _ = stored(under)
        with caplog.at_level(logging.ERROR, logger="llmsim.simulator"):
            async with tampered(under, otherwise):
                again = await under.say("What is rain?", headers=NAMED)
        assert reply(again) == reply(first)
        assert counted(under) == (1, 1)
        [record] = caplog.records
        assert record.fields == {  # type: ignore[attr-defined]  # an extra
            "session": "s1",
            "turn": str(turn.key),
            "what": "reply 0, from character 0 on",
        }


@each_way
@pytest.mark.parametrize(("change", "mismatches"), [(lambda turn: turn, 0), (otherwise, 1)])
async def test_answer_to_an_idempotency_key_is_drawn_again_and_given_as_it_is_stored(
    tmp_path: Path, autojump_clock: MockClock, change: Callable[[Turn], Turn], mismatches: int
) -> None:
    async with pod(tmp_path) as under:
        told = reply(await under.say("Hello, my name is Ada.", headers=NAMED))
        texts = ("Hello, my name is Ada.", told, "What is my name?")
        first = await under.say(*texts, headers=KEYED)
        async with tampered(under, change):
            again = await under.say(*texts, headers=KEYED)
        assert (reply(again) == reply(first)) is (mismatches == 0)
        assert counted(under) == (1, mismatches)


@each_way
async def test_key_of_a_resampling_profile_is_compared_and_its_attempts_are_not(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    profiles = Profiles.of((attrs.evolve(PROFILES.default, text=Text(resample=True)),))
    async with pod(tmp_path, profiles=profiles) as under:
        replies = [reply(await under.say("What is rain?", headers=NAMED)) for _ in range(2)]
        assert replies[0] != replies[1]
        assert counted(under) == (0, 0)
        for _ in range(2):
            await under.say("What is rain?", headers=KEYED)
        assert counted(under) == (1, 0)


@each_way
@pytest.mark.parametrize(
    "change",
    [
        lambda turn: attrs.evolve(turn, plan_version=turn.plan_version - 1),
        lambda turn: attrs.evolve(turn, script=Scripted("Another line.")),
        lambda turn: attrs.evolve(turn, origin=attrs.evolve(turn.origin, ordinal=4)),
        lambda turn: attrs.evolve(turn, origin=attrs.evolve(turn.origin, session="before the fork")),
    ],
    ids=["version", "script", "pod", "session"],
)
async def test_attempt_that_was_made_of_something_else_is_not_compared(
    tmp_path: Path, autojump_clock: MockClock, change: Callable[[Turn], Turn]
) -> None:
    async with pod(tmp_path) as under:
        await under.say("What is rain?", headers=NAMED)
        async with tampered(under, lambda turn: change(otherwise(turn))):
            await under.say("What is rain?", headers=NAMED)
        assert counted(under) == (0, 0)


@each_way
async def test_attempt_by_another_profile_is_not_compared(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        await under.say("What is rain?", headers=NAMED)
    changed = attrs.evolve(PROFILES.by_name["gpt-4o-mini"], summary="Another.")
    async with pod(tmp_path, profiles=Profiles.of((PROFILES.default, changed))) as under:
        await under.say("What is rain?", headers=NAMED)
        assert counted(under) == (0, 0)
        await under.say("What is rain?", headers=NAMED)
        assert counted(under) == (1, 0)


@each_way
async def test_recorded_answer_of_another_plan_version_is_not_compared(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        await under.say("What is rain?", headers=KEYED)
        async with tampered(under, lambda turn: attrs.evolve(otherwise(turn), plan_version=turn.plan_version - 1)):
            assert (await under.say("What is rain?", headers=KEYED)).status == 200
        assert counted(under) == (0, 0)


@each_way
async def test_calls_of_attempts_are_compared_without_their_ids(tmp_path: Path, autojump_clock: MockClock) -> None:
    async def ask(under: PodUnderTest, headers: dict[str, str]) -> Exchange:
        return await under.say("Look up rain.", headers=headers, tools=[TOOL], tool_choice="required")

    async with pod(tmp_path) as under:
        await ask(under, KEYED)
        turn, slot = stored(under)
        assert turn.replies[0].calls
        assert (await ask(under, NAMED)).status == 200
        assert counted(under) == (1, 0)
        assert list(differences(turn, slot.plan)) == []
        assert len({one.replies[0].calls for one in (turn, stored(under)[0])}) == 2
        await ask(under, KEYED)
        assert counted(under) == (2, 0)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"usage": Usage(1, 2)}, "usage"),
        ({"replies": ()}, "replies"),
        ({"replies": (Reply("Rain.", FinishReason.LENGTH),)}, "finish reason of reply 0"),
        ({"replies": (Reply("Rain.", FinishReason.STOP, refused=True),)}, "refusal of reply 0"),
        ({"replies": (Reply("Rain.", FinishReason.STOP, "Hm."),)}, "reasoning of reply 0, from character 0 on"),
        ({"replies": (Reply("Rain", FinishReason.STOP),)}, "reply 0, from character 4 on"),
        ({"replies": (Reply("Rain.", FinishReason.STOP, calls=(ToolCall("1", "f", "{}"),)),)}, "calls of reply 0"),
    ],
)
async def test_whatever_of_a_turn_differs_is_named(
    tmp_path: Path, autojump_clock: MockClock, changes: dict[str, Any], what: str
) -> None:
    profiles = Profiles.of((attrs.evolve(PROFILES.default, text=Text(style=Style.FIXED, fixed="Rain.")),))
    async with pod(tmp_path, profiles=profiles) as under:
        await under.say("What is rain?", headers=NAMED)
        turn, slot = stored(under)
        assert list(differences(turn, slot.plan)) == []
        found = list(differences(attrs.evolve(turn, **changes), slot.plan))
        assert [one for one, _, _ in found] == [what]


def test_unequal_pairs_are_told_as_text() -> None:
    assert list(unequal(("a", 1, 1), ("b", 1, 2))) == [("b", "1", "2")]
