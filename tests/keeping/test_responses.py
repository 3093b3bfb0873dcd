"""What responses that are made in the background hold and leave behind, and whoever looks first when they are over."""

from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from llmsim.store import resources
from llmsim.turn import Place, Role, Scripted, ToolCall, TurnRequest
from tests.pods import pod
from tests.responses_api import (
    BEHIND,
    CONVERSATIONS,
    RESPONSES,
    Api,
    asked,
    begun,
    running,
    session_of,
    text,
    texts,
)
from tests.runners import Gate

pytestmark = pytest.mark.usefixtures("each_way")
NOT_PERSISTED = (
    "Item with id 'msg_x' not found. Items are not persisted when `store` is set to false. Try again with "
    "`store` set to true, or remove this item from your input."
)


async def test_conversation_is_held_by_the_clock_and_gets_all_when_it_is_over(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("My name is Ada.")
        made = await begun(api, "What is my name?", conversation=conversation)
        await trio.sleep(0.9)
        for body in (asked("And?"), asked("And?", stream=True), asked("And?", background=True)):
            refused = await api.refused("POST", RESPONSES, body | {"conversation": conversation})
            assert refused[2:] == ("conversation", "conversation_locked")
        assert texts(await api.items(conversation)) == ["My name is Ada."]
    async with pod(tmp_path) as under:
        api = Api(under)
        assert (await api.refused("POST", RESPONSES, asked("And?", conversation=conversation)))[0] == 400
        await trio.sleep(10)
        after = await api.respond("What is my name?", conversation=conversation, max_output_tokens=80)
        shown = await api.shown(made["id"])
        said = ["My name is Ada.", "What is my name?", text(shown), "What is my name?", text(after)]
        assert texts(await api.items(conversation)) == said
        assert [len(turn["messages"]) for turn in await under.turns(session_of(under))] == [2, 1]


@pytest.mark.parametrize("look", ["items", "item", "add", "remove", "response", "stream", "input"])
async def test_whoever_looks_first_makes_a_response_that_is_over_durable(
    tmp_path: Path, autojump_clock: MockClock, look: str
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("Hi.")
        [first] = await api.items(conversation)
        path = f"{CONVERSATIONS}/{conversation}/items"
        made = (
            (await api.stream("Hello.", conversation=conversation, **BEHIND))[0]["response"]
            if look == "stream"
            else (await begun(api, "Hello.", conversation=conversation))
        )
        await trio.sleep(10)
        if look != "stream":
            assert running(under) == [made["id"]]
        looks: dict[str, tuple[str, str, object]] = {
            "items": ("GET", path, None),
            "item": ("GET", f"{path}/{first['id']}", None),
            "add": ("POST", path, {"items": [{"role": "user", "content": "Last."}]}),
            "remove": ("DELETE", f"{path}/{first['id']}", None),
            "response": ("GET", f"{RESPONSES}/{made['id']}", None),
            "stream": ("GET", f"{RESPONSES}/{made['id']}", None),
            "input": ("GET", f"{RESPONSES}/{made['id']}/input_items", None),
        }
        await api.call(*looks[look])
        assert running(under) == []
        with under.service.simulator.environment.read() as view:
            items = list(resources.items(view, session_of(under)))
        assert "Hello." in texts(items)
        assert texts(items)[-1] == ("Last." if look == "add" else text(await api.shown(made["id"])))


async def test_cancelled_and_deleted_responses_append_nothing_and_let_go_of_their_conversation(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse()
        made = await begun(api, conversation=conversation)
        await trio.sleep(0.9)
        await api.call("POST", f"{RESPONSES}/{made['id']}/cancel")
        other = await begun(api, conversation=conversation)
        await api.call("DELETE", f"{RESPONSES}/{other['id']}")
        await trio.sleep(10)
        assert await api.items(conversation) == []
        await api.respond("Now.", conversation=conversation)
        assert len(await api.items(conversation)) == 2


async def test_response_that_is_still_being_made_is_not_gone_on_from(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        made = await begun(api, "My name is Ada.")
        refused = await api.refused("POST", RESPONSES, asked("And?", previous_response_id=made["id"]))
        assert (refused[0], refused[2]) == (400, "previous_response_id")
        reference = [{"type": "item_reference", "id": "rs_x"}]
        assert (await api.refused("POST", RESPONSES, asked(reference)))[0] == 404
        await trio.sleep(10)
        after = await api.respond("What is my name?", previous_response_id=made["id"], max_output_tokens=80)
        assert "Ada" in text(after)
        assert running(under) == []


async def test_background_without_a_store_is_refused_and_store_false_is_kept_to_be_asked_for(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        no = {"X-LLMSim-Store": "no"}
        assert (await api.refused("POST", RESPONSES, asked("Hi.", background=True), no))[0] == 400
        made = await begun(api, store=False)
        assert (await api.shown(made["id"]))["store"] is False


@pytest.mark.parametrize("kind", ["conversation", "chain"])
async def test_response_is_refused_when_what_it_goes_on_from_is_deleted_before_it_is_stored(
    tmp_path: Path, autojump_clock: MockClock, kind: str
) -> None:
    gate = Gate()
    gate.open.set()
    async with pod(tmp_path, commit_runner=gate) as under:
        api = Api(under)
        if kind == "conversation":
            path = f"{CONVERSATIONS}/{await api.converse('A secret.')}"
            body = asked("And?", conversation=path.rpartition("/")[2])
        else:
            path = f"{RESPONSES}/{(await api.respond('A secret.', instructions='Be brief.'))['id']}"
            body = asked("And?", previous_response_id=path.rpartition("/")[2])
        await under.service.simulator.writer.drain()
        gate.open = trio.Event()
        refused: list[int] = []

        async def ask() -> None:
            refused.append((await api.refused("POST", RESPONSES, body))[0])

        async with trio.open_nursery() as nursery:
            nursery.start_soon(api.call, "DELETE", path)
            await trio.testing.wait_all_tasks_blocked()
            nursery.start_soon(ask)
            await trio.testing.wait_all_tasks_blocked()
            gate.open.set()
        assert refused == [404 if kind == "conversation" else 400]
        assert (await under.get("/llmsim/v1/sessions"))["data"] == []


async def test_looking_at_a_conversation_that_is_held_writes_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    gate = Gate()
    gate.open.set()
    async with pod(tmp_path, commit_runner=gate) as under:
        api = Api(under)
        conversation = await api.converse("Hi.")
        await begun(api, conversation=conversation)
        await under.service.simulator.writer.drain()
        gate.open = trio.Event()
        assert len(await api.items(conversation)) == 1
        gate.open.set()


async def test_items_of_stored_responses_are_referred_to_by_their_ids(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        first = await api.respond("My name is Ada.")
        [given] = (await api.call("GET", f"{RESPONSES}/{first['id']}/input_items"))["data"]
        names = [{"type": "item_reference", "id": item["id"]} for item in (given, first["output"][0])]
    async with pod(tmp_path) as under:
        api = Api(under)
        whole = await api.respond([given, first["output"][0], {"role": "user", "content": "What is my name?"}])
        named = await api.respond([*names, {"role": "user", "content": "What is my name?"}])
        assert "Ada" in text(named)
        assert text(named) == text(whole)
        missing = [{"type": "item_reference", "id": "msg_x"}, {"role": "user", "content": "Hi."}]
        assert await api.refused("POST", RESPONSES, asked(missing)) == (
            404,
            NOT_PERSISTED,
            None,
            None,
        )


async def test_calls_of_tools_are_answered_across_a_chain(tmp_path: Path, autojump_clock: MockClock) -> None:
    tool = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}, "strict": False}
    called = Scripted(calls=(ToolCall("", "get_weather", '{"city":"Paris"}'),))

    def script(_place: Place, request: TurnRequest) -> Scripted | None:
        return called if request.messages[-1].role is Role.USER else None

    async with pod(tmp_path, script=script) as under:
        api = Api(under)
        first = await api.respond("What is the weather in Paris?", tools=[tool])
        [call] = [item for item in first["output"] if item["type"] == "function_call"]
        unanswered = await api.refused("POST", RESPONSES, asked("Well?", previous_response_id=first["id"]))
        assert unanswered[:2] == (400, f"No tool output found for function call {call['call_id']}.")
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "21 degrees"}
        second = await api.respond([output], previous_response_id=first["id"], tools=[tool])
        assert [item["type"] for item in second["output"]] == ["message"]
        conversation = await api.converse()
        first = await api.respond("What is the weather in Paris?", tools=[tool], conversation=conversation)
        [call] = [item for item in first["output"] if item["type"] == "function_call"]
        output = {"type": "function_call_output", "call_id": call["call_id"], "output": "21 degrees"}
        await api.respond([output], conversation=conversation, tools=[tool])
        kinds = [item["type"] for item in await api.items(conversation)]
        assert kinds == ["message", "function_call", "function_call_output", "message"]


async def test_input_that_is_in_the_conversation_already_is_refused_and_ids_of_others_are_given_anew(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        one, other = await api.converse("Hi."), await api.converse("Ho.")
        [mine] = await api.items(one)
        [theirs] = await api.items(other)
        refused = await api.refused("POST", RESPONSES, asked([mine], conversation=one))
        assert refused[:2] == (
            400,
            f"Duplicate item found with id {mine['id']}. Remove duplicate items from your input and try again.",
        )
        for item in (theirs, theirs | {"id": "x" * 500}, theirs | {"id": "mine"}):
            await api.respond([item], conversation=one)
        ids = [item["id"] for item in await api.items(one)]
        assert len(set(ids)) == 7
        assert "mine" in ids
        assert theirs["id"] not in ids
        added = await api.call("POST", f"{CONVERSATIONS}/{one}/items", {"items": [theirs, mine]})
        assert not {theirs["id"], mine["id"]} & {item["id"] for item in added["data"]}


async def test_request_said_again_with_its_key_is_answered_whatever_came_of_it(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("Hi.")
        said = [{"role": "user", "content": "Hello.", "id": "mine"}]
        key = {"Idempotency-Key": "k"}
        behind = await api.respond(said, key, conversation=conversation, background=True)
        assert await api.respond(said, key, conversation=conversation, background=True) == behind
        await trio.sleep(10)
        assert await api.respond(said, key, conversation=conversation, background=True) == behind
        assert len(await api.items(conversation)) == 3
        whole = await api.respond("Again.", {"Idempotency-Key": "l"}, conversation=conversation)
        assert await api.respond("Again.", {"Idempotency-Key": "l"}, conversation=conversation) == whole
        assert len(await api.items(conversation)) == 5
