"""Places, branches, attempts, keys and history, through a whole pod in virtual time."""

from collections.abc import Sequence
from pathlib import Path

import attrs
import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.admission import Ask, Slot, session_of
from llmsim.errors import ClientError
from llmsim.profile import Profiles, Text
from llmsim.replay.clients import Exchange
from llmsim.serving.pod import stored_sessions
from llmsim.store.batch import Operation
from llmsim.store.resources import Count, counted
from llmsim.store.sessions import turns
from llmsim.turn import Message, Role, TurnRequest
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import CHAT as CHAT_WIRE
from llmsim.wire.ids import owner_of
from tests.pods import EPOCH_S, PROFILES, pod, reply

pytestmark = pytest.mark.usefixtures("each_way")
NAMED = {"X-LLMSim-Session": "s1"}


def identity(exchange: Exchange) -> str:
    found: str = orjson.loads(exchange.body)["id"]
    return found


def request(*messages: Message) -> TurnRequest:
    return TurnRequest(model="m", messages=messages, digest=bytes(16))


def test_session_of_a_plain_client_follows_from_the_opening_alone() -> None:
    system, first = Message(Role.SYSTEM, "Be brief."), Message(Role.USER, "Hello")
    more = (Message(Role.ASSISTANT, "Hi!"), Message(Role.USER, "And now?"))
    session = session_of(request(system, first), None)
    assert session_of(request(system, first, *more), None) == session
    assert session_of(request(first), None) != session
    assert session_of(request(system, Message(Role.USER, "Hallo")), None) != session


async def test_plain_client_stays_in_one_session_and_its_turns_are_numbered(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        first = await under.say("Hello, my name is Ada.")
        second = await under.say("Hello, my name is Ada.", reply(first), "What is my name?")
        assert second.headers["x-llmsim-session"] == first.headers["x-llmsim-session"]
        assert (first.headers["x-llmsim-turn"], second.headers["x-llmsim-turn"]) == ("1", "2")
        assert "Ada" in reply(second)
        turns = await under.turns(first.headers["x-llmsim-session"])
        assert [turn["parent"] for turn in turns] == [None, turns[0]["id"]]
        assert [message["content"] for message in turns[1]["messages"]] == ["What is my name?"]


async def test_edited_history_makes_a_branch(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        first = reply(await under.say("Hello.", headers=NAMED))
        await under.say("Hello.", first, "What is rain?", headers=NAMED)
        await under.say("Hello.", first, "What is snow?", headers=NAMED)
        await under.say("Hello.", "Something else.", "What is rain?", headers=NAMED)
        turns = await under.turns("s1")
        root = turns[0]["id"]
        assert sorted(turn["parent"] or "" for turn in turns) == ["", "", root, root]
        foreign = next(turn for turn in turns[1:] if turn["parent"] is None)
        assert [message["content"] for message in foreign["messages"]] == ["Hello.", "Something else.", "What is rain?"]


async def test_same_request_again_is_an_attempt_with_the_same_content_and_timing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        first, second = [await under.say("What is rain?", headers=NAMED) for _ in range(2)]
        assert reply(first) == reply(second)
        assert first.headers["openai-processing-ms"] == second.headers["openai-processing-ms"]
        assert first.headers["x-llmsim-turn"] == second.headers["x-llmsim-turn"] == "1"
        assert identity(first) != identity(second)
        assert first.headers["x-request-id"] != second.headers["x-request-id"]
        assert [turn["attempt"] for turn in await under.turns("s1")] == [0, 1]


async def test_concurrent_attempts_take_different_numbers(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        ids = set[str]()

        async def ask() -> None:
            ids.add(identity(await under.say("What is rain?", headers=NAMED)))

        async with trio.open_nursery() as nursery:
            for _ in range(8):
                nursery.start_soon(ask)
        assert len(ids) == 8
        assert [turn["attempt"] for turn in await under.turns("s1")] == list(range(8))


async def test_resampling_profile_says_something_else_each_time_and_the_same_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    default = attrs.evolve(PROFILES.default, text=Text(resample=True))
    profiles = Profiles.of((default,))
    runs = []
    for run in ("a", "b"):
        async with pod(tmp_path / run, profiles=profiles) as under:
            runs.append([reply(await under.say("What is rain?", headers=NAMED)) for _ in range(3)])
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 3


async def test_streamed_and_whole_are_attempts_at_one_turn(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        whole = await under.say("What is rain?", headers=NAMED)
        streamed = await under.say("What is rain?", headers=NAMED, stream=True)
        assert reply(whole) == reply(streamed)
        assert [turn["attempt"] for turn in await under.turns("s1")] == [0, 1]


async def test_sessions_do_not_influence_one_another(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path / "alone") as under:
        alone = await under.say("What is rain?", headers=NAMED)
    async with pod(tmp_path / "crowd") as under:
        for other in range(5):
            await under.say("What is snow?", headers={"X-LLMSim-Session": f"other-{other}"})
        assert (await under.say("What is rain?", headers=NAMED)).body == alone.body


async def test_ordinal_and_seed_change_everything_and_ids_say_whose_they_are(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    bodies = []
    for name, changes in {"a": {}, "b": {"ordinal": 3}, "c": {"seed": 8}}.items():
        async with pod(tmp_path / name, **changes) as under:
            exchange = await under.say("What is rain?", headers=NAMED)
            assert owner_of(identity(exchange)) == changes.get("ordinal", 0)
            bodies.append(reply(exchange))
    assert len(set(bodies)) == 3


@pytest.mark.parametrize("stream", [False, True])
async def test_idempotency_key_brings_the_recorded_response_back(
    tmp_path: Path, autojump_clock: MockClock, *, stream: bool
) -> None:
    headers = {**NAMED, "Idempotency-Key": "k1"}
    async with pod(tmp_path) as under:
        first = await under.say("What is rain?", headers=headers, stream=stream)
        again = await under.say("What is rain?", headers=headers, stream=stream)
        other = await under.say("What is rain?", headers={**NAMED, "Idempotency-Key": "k2"}, stream=stream)
    async with pod(tmp_path, profiles=Profiles.of((PROFILES.default,))) as under:
        restarted = await under.say("What is rain?", headers=headers, stream=stream)
        assert first.body == again.body == restarted.body
        assert first.headers["x-request-id"] == again.headers["x-request-id"] == restarted.headers["x-request-id"]
        assert other.body != first.body
        assert len(await under.turns("s1")) == 2


async def test_idempotency_key_of_concurrent_requests_makes_one_turn(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        bodies = list[bytes]()

        async def ask() -> None:
            bodies.append((await under.say("What is rain?", headers={**NAMED, "Idempotency-Key": "k"})).body)

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(ask)
        assert len(set(bodies)) == 1
        assert len(await under.turns("s1")) == 1


@pytest.mark.parametrize("change", [{"max_tokens": 41}, {"seed": 1}])
async def test_idempotency_key_with_other_parameters_is_refused(
    tmp_path: Path, autojump_clock: MockClock, change: dict[str, int]
) -> None:
    headers = {**NAMED, "Idempotency-Key": "k"}
    async with pod(tmp_path) as under:
        await under.say("What is rain?", headers=headers)
        refused = await under.say("What is rain?", headers=headers, **change)
        assert refused.status == 400
        assert orjson.loads(refused.body)["error"]["code"] == "idempotency_key_reused"
        assert (await under.say("What is snow?", headers=headers)).status == 400
        assert (await under.say("Hello.", "Hi.", "What is rain?", headers=headers)).status == 400


async def test_idempotency_key_works_with_the_servers_history(tmp_path: Path, autojump_clock: MockClock) -> None:
    headers = {**NAMED, "X-LLMSim-History": "server"}
    async with pod(tmp_path) as under:
        await under.say("Hello.", headers=headers)
        keyed = {**headers, "Idempotency-Key": "k"}
        first, again = [await under.say("What is rain?", headers=keyed) for _ in range(2)]
        assert first.body == again.body
        assert len(await under.turns("s1")) == 2
        assert (await under.say("What is snow?", headers=keyed)).status == 400


async def test_server_history_is_the_context(tmp_path: Path, autojump_clock: MockClock) -> None:
    headers = {**NAMED, "X-LLMSim-History": "server"}
    async with pod(tmp_path) as under:
        first = await under.say("Hello, my name is Ada.", headers=headers)
        second = await under.say("What is my name?", headers=headers)
        told = await under.say(
            "Hello, my name is Ada.", reply(first), "What is my name?", headers={"X-LLMSim-Session": "s2"}
        )
        assert "Ada" in reply(second)
        assert orjson.loads(second.body)["usage"]["prompt_tokens"] == orjson.loads(told.body)["usage"]["prompt_tokens"]
        assert second.headers["x-llmsim-turn"] == "2"


async def test_stamps_with_an_epoch_follow_from_the_place(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        first = await under.say("Hello.", headers=NAMED)
        with trio.move_on_after(500):
            await trio.sleep_forever()
        again = await under.say("Hello.", headers=NAMED)
        second = await under.say("Hello.", reply(first), "And?", headers=NAMED)
        stamps = [orjson.loads(exchange.body)["created"] for exchange in (first, again, second)]
        assert stamps[0] == stamps[1] == stamps[2] - 60
        assert EPOCH_S <= stamps[0] < EPOCH_S + 3600


async def test_recorded_answer_of_another_plan_version_keeps_its_fingerprint(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under_test:
        simulator = under_test.service.simulator
        exchange = await under_test.say("Hi", headers=NAMED)
        with simulator.environment.read() as view:
            [turn] = turns(view, "s1")
        assert simulator.slot_of(turn).plan.fingerprint.hex() in orjson.loads(exchange.body)["system_fingerprint"]
        older = simulator.slot_of(attrs.evolve(turn, plan_version=turn.plan_version - 1))
        assert older.plan.fingerprint != simulator.slot_of(turn).plan.fingerprint


async def test_turn_that_is_not_stored_is_answered_and_counted_and_nothing_is_written(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path / "a") as under_test, pod(tmp_path / "b") as other:
        for stream in (False, True):
            passing = await under_test.say("Hi", headers=NAMED | {"X-LLMSim-Store": "no"}, stream=stream)
            stored = await other.say("Hi", headers=NAMED | {"X-LLMSim-Store": "yes"}, stream=stream)
            assert reply(passing) == reply(stored)
        await under_test.service.simulator.writer.drain()
        assert stored_sessions(under_test.service.simulator.environment) == 0
        assert stored_sessions(other.service.simulator.environment) == 1
        counted = (await under_test.client.exchange("GET", "/metrics", {})).body.decode()
        assert 'llm_simulator_turns_total{ending="completed",profile="gpt-4o-mini"} 2.0' in counted


@pytest.mark.parametrize("headers", [{"X-LLMSim-Store": "maybe"}, {"X-LLMSim-Store": "no", "Idempotency-Key": "k"}])
async def test_turn_that_is_not_stored_has_no_key_and_is_asked_for_by_no(
    tmp_path: Path, autojump_clock: MockClock, headers: dict[str, str]
) -> None:
    async with pod(tmp_path) as under_test:
        refused = await under_test.say("Hi", headers=NAMED | headers)
        assert refused.status == 400
        assert "X-LLMSim-Store" in orjson.loads(refused.body)["error"]["message"]


async def test_many_turns_are_durable_at_once_or_not_at_all(tmp_path: Path, autojump_clock: MockClock) -> None:
    found: list[list[object]] = []

    def also(made: Sequence[Slot | ClientError]) -> Operation:
        found.append([each.message if isinstance(each, ClientError) else each.key.attempt for each in made])
        return Count(bytes(16), 1)

    async with pod(tmp_path) as under:
        simulator = under.service.simulator
        parsed = CHAT_WIRE.parse(orjson.dumps({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}), {})
        asked: list[Parsed | ClientError] = [parsed, ClientError("no"), parsed]
        with trio.CancelScope() as left:
            left.cancel()
            await simulator.admit_all(CHAT_WIRE, asked, Ask("s1"), also)
        assert found == []
        await simulator.admit_all(CHAT_WIRE, asked, Ask("s1"), also)
        assert found == [[0, "no", 1]]
        await simulator.writer.drain()
        assert [turn["outcome"]["ending"] for turn in await under.turns("s1")] == ["completed", "completed"]
        assert simulator.metrics.overhead.buckets()[-1] == ("+Inf", 0)
        with simulator.environment.read() as view:
            assert counted(view, bytes(16)) == 1


async def test_response_of_which_nothing_left_is_not_late(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        with trio.move_on_after(0.1):
            await under.say("What is rain?", headers=NAMED)
        await under.service.in_flight.none()
        await under.service.simulator.writer.drain()
        [turn] = await under.turns("s1")
        assert turn["outcome"] == {"ending": "client_left", "delivered": 0}
        assert under.service.metrics.overhead.buckets()[-1] == ("+Inf", 0)
        await under.say("What is snow?", headers=NAMED)
        assert under.service.metrics.overhead.buckets()[-1] == ("+Inf", 1)
