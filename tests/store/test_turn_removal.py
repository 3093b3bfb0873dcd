"""One turn goes; what was said before and after it stays as it was: transcripts, places, and what is drawn again.

Every store here is made by real turns, so that `replay --store` can prove what is left of it.
"""

from functools import partial
from pathlib import Path

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.replay.regenerate import regenerate
from llmsim.store import resources, sessions
from llmsim.store.environment import Environment, View
from llmsim.store.resources import AppendItems, PutResource
from llmsim.store.schema import Resource, Table, Turn, TurnKey, within
from llmsim.store.turn_removal import DeleteTurn
from llmsim.tokenizers import counter_named
from llmsim.turn import Message, chain_digests
from tests.pods import CHAT, PodUnderTest, pod, reply
from tests.stored import checked, compact, contents, items_of, shown

NAME = "ada"
TOOL = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


async def say(under: PodUnderTest, *messages: dict[str, object], **params: object) -> str:
    body = {"model": "gpt-4o-mini", "messages": messages, "max_tokens": 30, **params}
    headers = {"X-LLMSim-Session": NAME}
    if "seed" in params:
        headers["Idempotency-Key"] = f"key of seed {params['seed']}"
    return reply(await under.client.exchange("POST", CHAT, headers, orjson.dumps(body)))


def user(text: str) -> dict[str, object]:
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, object]:
    return {"role": "assistant", "content": text}


async def speak(data_dir: Path) -> None:
    """A session: a root (twice), two choices after it, a turn after the second of these, one after that; and a call."""
    async with pod(data_dir) as under:
        greeting = user("Hello, my name is Ada.")
        first = await say(under, greeting)
        await say(under, greeting)
        before: tuple[dict[str, object], ...] = (greeting, assistant(first), user("What is rain?"))
        await say(under, *before, n=2, seed=1)
        second = (await under.turns(NAME))[2]["replies"][1]["text"]
        before = (*before, assistant(second), user("And what is snow?"))
        third = await say(under, *before, stream=True)
        before = (*before, assistant(third), user("What is my name?"))
        fourth = await say(under, *before)
        assert "Ada" in fourth
        await say(under, *before, assistant(fourth), user("How is the weather in Basel?"), tools=[TOOL])
        await under.service.simulator.writer.drain()


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data_dir = tmp_path_factory.mktemp("spoken")
    trio.run(partial(speak, data_dir), clock=MockClock(autojump_threshold=0))
    return data_dir


@pytest.fixture
def data_dir(spoken: Path, tmp_path: Path) -> Path:
    """A copy of the store to remove turns from."""
    compact(spoken, tmp_path)
    return tmp_path


def turns(environment: Environment) -> dict[TurnKey, Turn]:
    with environment.read() as view:
        return {turn.key: turn for turn in sessions.turns(view, NAME)}


def transcripts(view: View) -> dict[tuple[TurnKey, int], tuple[Message, ...]]:
    """All that was said, up to each reply of each turn."""
    return {
        (turn.key, choice): sessions.transcript(view, NAME, turn.key, choice)
        for turn in sessions.turns(view, NAME)
        for choice in range(len(turn.replies))
    }


def remove(data_dir: Path, *keys: TurnKey) -> None:
    """Remove turns, and show that the others are as they were: said, answered, drawn again, gone on from."""
    with checked(data_dir) as environment:
        with environment.read() as view:
            before = transcripts(view)
        known = turns(environment)
        for key in keys:
            with environment.write() as view:
                DeleteTurn(NAME, key)(view)
        left = turns(environment)
        assert left.keys() == known.keys() - set(keys)
        unchanging = ("key", "chain", "params", "request_digest", "origin", "replies", "usage", "created_s")
        for key, turn in left.items():
            assert [getattr(turn, name) for name in unchanging] == [getattr(known[key], name) for name in unchanging]
        with environment.read() as view:
            assert transcripts(view) == {place: said for place, said in before.items() if place[0] not in keys}
            for (_key, choice), said in transcripts(view).items():
                parent = sessions.parent_of(view, NAME, chain_digests(said))
                assert parent is not None
                assert (parent.key in left, parent.new_from) == (True, len(said))
                assert sessions.transcript(view, NAME, parent.key, parent.choice) == said, choice
        result = regenerate(environment, counter_named)
        assert [str(one) for one in (*result.mismatches, *result.skipped)] == []
        assert result.turns == len(left)


def keys_of(data_dir: Path) -> list[TurnKey]:
    with Environment.open(data_dir, readonly=True) as environment:
        found = list(turns(environment))
    assert [(key.number, key.attempt) for key in found] == [(1, 0), (1, 1), (2, 0), (3, 0), (4, 0), (5, 0)]
    return found


@pytest.mark.parametrize("at", range(6), ids=["root", "attempt", "choices", "after a choice", "middle", "leaf"])
def test_turn_removed_leaves_all_others_as_they_were(at: int, data_dir: Path) -> None:
    remove(data_dir, keys_of(data_dir)[at])


@pytest.mark.parametrize("first", range(6))
@pytest.mark.parametrize("second", range(6))
def test_two_turns_removed_leave_all_others_as_they_were(first: int, second: int, data_dir: Path) -> None:
    keys = keys_of(data_dir)
    remove(data_dir, keys[first], keys[second])


def test_conversation_goes_on_from_the_attempt_that_said_the_same(data_dir: Path) -> None:
    first, attempt, *_ = keys_of(data_dir)
    with checked(data_dir) as environment:
        before = turns(environment)
        digests = chain_digests((*before[first].messages, before[first].replies[0].message))
        for key in (first, attempt):
            with environment.read() as view:
                owner = sessions.parent_of(view, NAME, digests)
                assert owner is not None
                assert owner.key == key
            with environment.write() as view:
                DeleteTurn(NAME, key)(view)
        with environment.read() as view:
            assert sessions.parent_of(view, NAME, digests) is None


def test_turn_that_nothing_continues_leaves_no_word(data_dir: Path) -> None:
    leaf = keys_of(data_dir)[-1]
    with checked(data_dir) as environment, environment.write() as view:
        assert any(b"Basel" in record for _, record in view.scan(Table.TURNS))
        DeleteTurn(NAME, leaf)(view)
    found = contents(data_dir)
    assert not [table for table, records in found.items() for record in records.values() if b"Basel" in record]
    assert len(found["outcomes"]) == 5


def test_turn_removed_takes_the_key_of_its_client_along(data_dir: Path) -> None:
    choices = keys_of(data_dir)[2]
    with checked(data_dir) as environment, environment.write() as view:
        assert sessions.by_idempotency_key(view, NAME, "key of seed 1") == choices
        DeleteTurn(NAME, choices)(view)
        assert sessions.by_idempotency_key(view, NAME, "key of seed 1") is None


def test_turn_removed_takes_what_shows_it_along(data_dir: Path) -> None:
    keys = keys_of(data_dir)
    with checked(data_dir) as environment:
        known = turns(environment)
        with environment.write() as view:
            PutResource(shown(known[keys[3]], id="resp_3", lists=("all",)))(view)
            PutResource(shown(known[keys[4]], id="resp_4", lists=("all",)))(view)
            DeleteTurn(NAME, keys[3])(view)
        with environment.read() as view:
            assert [found.id for found in resources.of_session(view, NAME)] == ["resp_4"]
            assert [found.id for found in resources.listed(view, "all")] == ["resp_4"]
            assert not resources.taken(view, "resp_3")


def test_tip_removed_is_the_last_that_is_left(data_dir: Path) -> None:
    keys = keys_of(data_dir)
    with checked(data_dir) as environment:
        for at, tip in ((5, 4), (0, 4), (4, 3)):
            with environment.write() as view:
                DeleteTurn(NAME, keys[at])(view)
                known = sessions.session(view, NAME)
                assert known is not None
                assert known.tip == keys[tip]


def test_session_goes_with_its_last_turn(data_dir: Path) -> None:
    keys = keys_of(data_dir)
    remove(data_dir, *keys[:-1])
    with checked(data_dir) as environment, environment.write() as view:
        DeleteTurn(NAME, keys[-1])(view)
    found = contents(data_dir)
    assert {table for table, records in found.items() if records} == {"meta", "profiles"}


@pytest.mark.parametrize("kept", ["resource", "item"])
def test_session_that_has_a_resource_or_an_item_stays_without_turns(kept: str, data_dir: Path) -> None:
    keys = keys_of(data_dir)
    with checked(data_dir) as environment, environment.write() as view:
        if kept == "resource":
            PutResource(Resource("conv_1", NAME, "test.conversation", 5, {}))(view)
        else:
            AppendItems(NAME, items_of(NAME, 1))(view)
        for key in keys:
            DeleteTurn(NAME, key)(view)
        known = sessions.session(view, NAME)
        assert known is not None
        assert (known.turns, known.tip) == (0, None)
        assert list(view.scan(Table.TURNS, within(NAME))) == []


def test_removing_what_is_gone_does_nothing(data_dir: Path) -> None:
    key = keys_of(data_dir)[0]
    with checked(data_dir) as environment:
        with environment.write() as view:
            DeleteTurn(NAME, key)(view)
        with environment.write() as view:
            DeleteTurn(NAME, key)(view)
            DeleteTurn("nobody", key)(view)
            assert view.changes == 0
