"""Stores drawn again: a sound one says every word again, and whatever was changed in a record is named.

Sound ones are made each way; what changes a record afterwards does not depend on the way its store was made.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.errors import OperatorError
from llmsim.replay.regenerate import PAGE, Regeneration, regenerate
from llmsim.simulation.plan import PLAN_VERSION
from llmsim.simulation.tokens import TokenCounter
from llmsim.store import codec, sessions
from llmsim.store.environment import Environment
from llmsim.store.schema import Table, Turn, turn_key
from llmsim.tokenizers import counter_named
from llmsim.turn import FinishReason, Reply, Scripted, Usage
from tests.pods import CHAT, PROFILES, pod, reply


async def speak(data_dir: Path, names: int = 1) -> None:
    """Sessions `ada-0`, `ada-1` ... of three turns each, the second of them streamed and with two choices."""
    async with pod(data_dir) as under:
        for index in range(names):
            headers = {"X-LLMSim-Session": f"ada-{index}"}
            first = reply(await under.say("Hello, my name is Ada.", headers=headers))
            more = ("Hello, my name is Ada.", first, "What is rain?")
            second = reply(await under.say(*more, headers=headers, stream=True, n=2))
            await under.say(*more, second, "What is my name?", headers=headers, stop=["."])


def spoken(data_dir: Path, names: int = 1) -> Path:
    trio.run(partial(speak, data_dir, names), clock=MockClock(autojump_threshold=0))
    return data_dir


def regenerated(data_dir: Path, counters: Callable[[str], TokenCounter] = counter_named) -> Regeneration:
    with Environment.open(data_dir, readonly=True) as environment:
        return regenerate(environment, counters)


def change(data_dir: Path, number: int, changed: Callable[[Turn], Turn]) -> str:
    """Put another record in the place of the turn of this number; the turn's id."""
    with Environment.open(data_dir) as environment, environment.write() as view:
        turn = next(turn for turn in sessions.turns(view, "ada-0") if turn.key.number == number)
        view.put(Table.TURNS, turn_key("ada-0", turn.key), codec.encode(changed(turn)))
        return str(turn.key)


def evolved(**changes: Any) -> Callable[[Turn], Turn]:  # noqa: ANN401  (as attrs.evolve)
    return lambda turn: attrs.evolve(turn, **changes)


def with_params(**changes: object) -> Callable[[Turn], Turn]:
    return lambda turn: attrs.evolve(turn, params={**turn.params, **changes})


@pytest.mark.usefixtures("each_way")
def test_sound_store_is_proven_and_every_turn_is_told(tmp_path: Path) -> None:
    told: list[int] = []
    spoken(tmp_path, 2)
    with Environment.open(tmp_path, readonly=True) as environment:
        result = regenerate(environment, counter_named, told.append)
    assert (result.sessions, result.turns, result.mismatches, result.skipped) == (2, 6, [], [])
    assert result.proven
    assert sum(told) == 6


def test_store_of_more_than_a_page_is_drawn_whole(tmp_path: Path) -> None:
    result = regenerated(spoken(tmp_path, PAGE + 1))
    assert (result.sessions, result.turns, result.proven) == (PAGE + 1, 3 * (PAGE + 1), True)


def test_store_without_turns_is_proven(tmp_path: Path) -> None:
    result = regenerated(spoken(tmp_path, 0))
    assert (result.sessions, result.turns, result.proven) == (0, 0, True)


@pytest.mark.parametrize(
    ("changed", "what", "words"),
    [
        (evolved(usage=Usage(1, 2, 3)), "usage", "stored Usage(prompt_tokens=1, "),
        (evolved(chain=bytes(16)), "place", f"stored {'00' * 16}"),
        (evolved(request_digest=bytes(16)), "branch", "drawn again "),
        (evolved(replies=(Reply("Only one.", FinishReason.STOP),)), "replies", "stored 1, drawn again 2"),
        (with_params(n=1), "replies", "stored 2, drawn again 1"),
        (with_params(model="gpt-4.1"), "reply 0, from character ", "stored '"),
        (evolved(script=Scripted("Another line.")), "reply 0, from character 0 on", "drawn again 'Another line.'"),
    ],
)
def test_turn_that_would_be_another_is_a_mismatch(
    tmp_path: Path, changed: Callable[[Turn], Turn], what: str, words: str
) -> None:
    turn = change(spoken(tmp_path), 2, changed)
    result = regenerated(tmp_path)
    found = [str(mismatch) for mismatch in result.mismatches]
    assert any(line.startswith(f"session ada-0, turn {turn}: {what}") and words in line for line in found), found
    assert (result.turns, result.skipped, result.proven) == (3, [], False)


def test_reply_that_differs_is_shown_from_where_it_does(tmp_path: Path) -> None:
    def changed(turn: Turn) -> Turn:
        first, second = turn.replies
        text = f"{first.text[:5]}#{first.text[6:]}"
        return attrs.evolve(turn, replies=(attrs.evolve(first, text=text, finish_reason=FinishReason.STOP), second))

    change(spoken(tmp_path), 2, changed)
    [finish, text, *_] = [mismatch for mismatch in regenerated(tmp_path).mismatches if mismatch.turn.startswith("2-")]
    assert (finish.what, finish.stored, finish.drawn) == ("finish reason of reply 0", "stop", "length")
    assert text.what == "reply 0, from character 5 on"
    assert text.stored.startswith("'#")
    assert text.stored[2:] == text.drawn[2:]


def test_text_that_ends_early_is_a_mismatch(tmp_path: Path) -> None:
    def changed(turn: Turn) -> Turn:
        return attrs.evolve(turn, replies=(attrs.evolve(turn.replies[0], text=turn.replies[0].text[:-1]),))

    change(spoken(tmp_path), 3, changed)
    assert [mismatch.stored for mismatch in regenerated(tmp_path).mismatches] == ["''"]


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (evolved(plan_version=PLAN_VERSION + 1), f"it was planned by version {PLAN_VERSION + 1}"),
        (evolved(dialect="other.chat"), "its dialect 'other.chat' is unknown"),
        (evolved(params={}), "its request is none of the dialect 'openai.chat'"),
        (evolved(profile=bytes(16)), f"its profile {'00' * 16} is not stored"),
    ],
)
def test_turn_that_cannot_be_drawn_again_is_counted_apart(
    tmp_path: Path, changed: Callable[[Turn], Turn], why: str
) -> None:
    turn = change(spoken(tmp_path), 2, changed)
    result = regenerated(tmp_path)
    [skipped] = result.skipped
    assert str(skipped).startswith(f"session ada-0, turn {turn}: cannot be drawn again: {why}")
    assert (result.turns, result.mismatches, result.proven) == (3, [], False)


def test_counter_that_is_not_installed_is_counted_apart(tmp_path: Path) -> None:
    def counters(name: str) -> TokenCounter:
        raise OperatorError(f"the token counter {name} needs the extra")

    result = regenerated(spoken(tmp_path), counters)
    assert [skipped.why for skipped in result.skipped] == ["the token counter estimate needs the extra"] * 3
    assert not result.proven


def test_stored_profile_that_is_none_is_counted_apart(tmp_path: Path) -> None:
    spoken(tmp_path)
    with Environment.open(tmp_path) as environment, environment.write() as view:
        [(digest, _)] = view.scan(Table.PROFILES)
        view.put(Table.PROFILES, digest, b'{"name":"x"}')
    assert len(regenerated(tmp_path).skipped) == 3


def test_profile_of_another_digest_is_a_mismatch(tmp_path: Path) -> None:
    """Also one that leaves no room for what was asked: then there is no reply at all."""
    spoken(tmp_path)
    with Environment.open(tmp_path) as environment, environment.write() as view:
        [(digest, body)] = view.scan(Table.PROFILES)
        narrow = orjson.loads(body) | {"context_window": 20, "max_output": 20}
        view.put(Table.PROFILES, digest, orjson.dumps(narrow))
    found = regenerated(tmp_path).mismatches
    assert [mismatch.what for mismatch in found if mismatch.turn.startswith("1-")][:2] == ["profile", "usage"]
    [_, refused] = [mismatch for mismatch in found if mismatch.turn.startswith("2-")]
    assert (refused.what, refused.stored) == ("replies", "2")
    assert refused.drawn.startswith("none, but The messages have ")


@pytest.mark.usefixtures("each_way")
async def test_forked_and_adopted_turns_are_drawn_as_where_they_came_from(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        await under.say("Hello, my name is Ada.", headers={"X-LLMSim-Session": "ada"})
        fork = await under.client.exchange("POST", "/llmsim/v1/sessions/ada/fork", {}, b'{"id": "eve"}')
        assert fork.status == 201
        server = {"X-LLMSim-Session": "eve", "X-LLMSim-History": "server"}
        await under.client.exchange(
            "POST",
            CHAT,
            server,
            orjson.dumps({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "What is my name?"}]}),
        )
        result = regenerate(under.service.simulator.environment, counter_named)
    assert (result.sessions, result.turns, result.proven) == (2, 3, True)


@pytest.mark.usefixtures("each_way")
async def test_turns_of_every_shipped_profile_are_drawn_again(tmp_path: Path, autojump_clock: MockClock) -> None:
    models = [profile.models[0].id for profile in PROFILES.by_name.values() if profile.models]
    async with pod(tmp_path) as under:
        for index, model in enumerate(models):
            headers = {"X-LLMSim-Session": f"profile-{index}"}
            await under.say("What is rain?", model=model, headers=headers, max_tokens=None, max_completion_tokens=40)
        result = regenerate(under.service.simulator.environment, counter_named)
        with under.service.simulator.environment.read() as view:
            profiles = view.count(Table.PROFILES)
    assert (result.sessions, result.proven) == (len(models), True)
    assert profiles == len(models)
