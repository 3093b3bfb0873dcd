"""Conversations over HTTP: their items, what responses append, what is locked, what is deleted."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.wire.ids import key_last_id, owner_of, partition_key
from tests.pods import PodUnderTest, pod
from tests.responses_api import CONVERSATIONS, RESPONSES, Api, asked, text, texts
from tests.schemas import answer_faults

pytestmark = pytest.mark.usefixtures("each_way")
THEIRS = key_last_id("conv", partition_key(3, "s"), 1, bytes(32))
LOCKED = (
    400,
    "Another process is currently operating on this conversation. Please retry in a few seconds.",
    "conversation",
    "conversation_locked",
)
LONG = {"max_output_tokens": 300}


async def test_conversation_is_made_shown_changed_and_deleted(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        made = await api.call("POST", CONVERSATIONS, {"metadata": {"topic": "rain"}})
        assert answer_faults("POST", "/conversations", made) == []
        assert made["id"].startswith("conv_")
        assert len(made["id"]) == 5 + 48
        path = f"{CONVERSATIONS}/{made['id']}"
        assert await api.call("GET", path) == made
        changed = await api.call("POST", path, {"metadata": {"topic": "snow"}})
        assert changed == made | {"metadata": {"topic": "snow"}}
    async with pod(tmp_path) as under:
        api = Api(under)
        assert await api.call("GET", path) == changed
        gone = await api.call("DELETE", path)
        assert gone == {"id": made["id"], "object": "conversation.deleted", "deleted": True}
        not_found = (404, f"Conversation with id '{made['id']}' not found.", None, None)
        assert await api.refused("DELETE", path) == not_found
        assert await api.refused("GET", path) == not_found
        assert (await under.get("/llmsim/v1/sessions"))["data"] == []


async def test_conversations_that_begin_alike_differ_and_come_again_in_another_run(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    runs = []
    for run in ("a", "b"):
        async with pod(tmp_path / run) as under:
            api = Api(under)
            made = [await api.call("POST", CONVERSATIONS, {}) for _ in range(3)]
            await api.call("DELETE", f"{CONVERSATIONS}/{made[2]['id']}")
            made.append(await api.call("POST", CONVERSATIONS, {}))
            runs.append([one["id"] for one in made])
    assert len(set(runs[0])) == 4
    assert runs[0] == runs[1]


async def test_items_are_normalised_paged_shown_and_deleted(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("Part 0.", {"role": "assistant", "content": "Part 1."})
        path = f"{CONVERSATIONS}/{conversation}/items"
        added = await api.call("POST", path, {"items": [{"role": "user", "content": f"Part {at}."} for at in (2, 3)]})
        assert answer_faults("POST", "/conversations/{conversation_id}/items", added) == []
        assert (texts(added["data"]), added["has_more"]) == (["Part 2.", "Part 3."], False)
        whole = await api.items(conversation)
        assert texts(whole) == [f"Part {at}." for at in range(4)]
        assert texts(await api.items(conversation, "")) == [f"Part {at}." for at in (3, 2, 1, 0)]
        assert [item["status"] for item in whole] == ["completed"] * 4
        assert whole[1]["content"] == [{"type": "output_text", "text": "Part 1.", "annotations": [], "logprobs": []}]
        first = await api.call("GET", f"{path}?order=asc&limit=3")
        rest = await api.call("GET", f"{path}?order=asc&limit=3&after={first['last_id']}")
        assert [*first["data"], *rest["data"]] == whole
        assert (first["has_more"], rest["has_more"]) == (True, False)
        back = await api.call("GET", f"{path}?limit=2&after={whole[3]['id']}")
        assert back["data"] == [whole[2], whole[1]]
        assert (await api.call("GET", f"{path}/{whole[1]['id']}")) == whole[1]
        conversed = await api.call("DELETE", f"{path}/{whole[3]['id']}")
        assert conversed["object"] == "conversation"
        missing = (404, f"Item with id '{whole[3]['id']}' not found in conversation.", None, None)
        assert await api.refused("GET", f"{path}/{whole[3]['id']}") == missing
        assert await api.refused("DELETE", f"{path}/{whole[3]['id']}") == missing
        again = await api.call("POST", path, {"items": [{"role": "user", "content": "Part 3."}]})
        assert again["data"][0]["id"] not in {item["id"] for item in whole}
    async with pod(tmp_path) as under:
        assert texts(await Api(under).items(conversation)) == [f"Part {at}." for at in range(4)]


async def test_empty_list_has_no_ends_and_bad_pages_are_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation, other = await api.converse(), await api.converse("Hi.")
        path = f"{CONVERSATIONS}/{conversation}/items"
        empty: dict[str, Any] = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}
        assert await api.call("GET", path) == empty
        [foreign] = await api.items(other)
        assert (await api.refused("GET", f"{path}?after={foreign['id']}"))[0] == 404
        assert (await api.refused("GET", f"{path}/{foreign['id']}"))[0] == 404
        assert (await api.refused("GET", f"{path}?limit=0"))[3] == "integer_below_min_value"
        assert (await api.refused("GET", f"{path}?order=up"))[3] == "invalid_value"
        many = {"items": [{"role": "user", "content": "x"}] * 21}
        assert (await api.refused("POST", path, many))[3] == "array_above_max_length"
        assert (await api.ask("POST", path)).status == 400


async def test_response_goes_on_from_a_conversation_and_is_appended_to_it_also_after_a_restart(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("My name is Ada.")
        first = await api.respond("I live in Paris.", conversation=conversation)
        assert first["conversation"] == {"id": conversation}
        assert first["previous_response_id"] is None
    async with pod(tmp_path) as under:
        api = Api(under)
        events = await api.stream("What is my name?", conversation={"id": conversation}, max_output_tokens=80)
        second = events[-1]["response"]
        assert "Ada" in text(second)
        items = await api.items(conversation)
        said = ["My name is Ada.", "I live in Paris.", text(first), "What is my name?", text(second)]
        assert texts(items) == said
        keys = {conversation[-16:], *(item["id"][4:20] for item in items[1:]), first["id"][5:21]}
        assert len(keys) == 1
        assert owner_of(conversation) == 0
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert session["id"].startswith("conv-")
        assert [len(turn["messages"]) for turn in await under.turns(session["id"])] == [2, 1]


async def test_response_of_a_conversation_can_be_forked_and_that_leaves_the_conversation_alone(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("My name is Ada.")
        first = await api.respond("Hello.", conversation=conversation)
        fork = await api.respond("What is my name?", previous_response_id=first["id"], max_output_tokens=80)
        assert "Ada" in text(fork)
        assert "conversation" not in fork
        assert len(await api.items(conversation)) == 3


async def test_response_that_is_not_stored_is_appended_all_the_same(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse()
        made = await api.respond("Hello.", conversation=conversation, store=False)
        assert (await api.refused("GET", f"{RESPONSES}/{made['id']}"))[0] == 404
        assert texts(await api.items(conversation)) == ["Hello.", text(made)]
        passing = await api.respond("Again.", {"X-LLMSim-Store": "no"}, conversation=conversation)
        assert text(passing)
        assert len(await api.items(conversation)) == 2


async def test_conversation_named_with_two_histories_or_unknown_is_refused(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        both = await api.refused("POST", RESPONSES, asked("Hi.", conversation="conv_x", previous_response_id="resp_x"))
        assert both[3] == "mutually_exclusive_parameters"
        for method, path, body in (
            ("POST", RESPONSES, asked("Hi.", conversation="conv_x")),
            ("GET", f"{CONVERSATIONS}/conv_x", None),
            ("POST", f"{CONVERSATIONS}/conv_x", {"metadata": {}}),
            ("GET", f"{CONVERSATIONS}/conv_x/items", None),
            ("POST", f"{CONVERSATIONS}/conv_x/items", {"items": []}),
            ("GET", f"{CONVERSATIONS}/conv_x/items/msg_x", None),
            ("DELETE", f"{CONVERSATIONS}/conv_x/items/msg_x", None),
        ):
            assert await api.refused(method, path, body) == (
                404,
                "Conversation with id 'conv_x' not found.",
                None,
                None,
            )
            theirs = orjson.loads(orjson.dumps(body).replace(b"conv_x", THEIRS.encode()))
            foreign = await api.refused(method, path.replace("conv_x", THEIRS), theirs)
            assert (foreign[0], foreign[3]) == (421, "wrong_pod")


@pytest.mark.parametrize("first", ["stream", "respond"])
@pytest.mark.parametrize("second", ["stream", "respond", "background"])
async def test_second_run_in_a_conversation_is_refused_at_once_and_the_first_is_not_disturbed(
    tmp_path: Path, autojump_clock: MockClock, first: str, second: str
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, api, first, conversation)
            await trio.sleep(0.5)
            began = trio.current_time()
            body = asked(
                "And?", conversation=conversation, stream=second == "stream", background=second == "background"
            )
            assert await api.refused("POST", RESPONSES, body) == LOCKED
            assert trio.current_time() - began < 0.1
            assert await api.items(conversation) == []
        assert len(await api.items(conversation)) == 2
        await api.respond("Now.", conversation=conversation)
        assert len(await api.items(conversation)) == 4


async def run(api: Api, how: str, conversation: str) -> None:
    await getattr(api, how)("First.", conversation=conversation, **LONG)


@pytest.mark.parametrize("how", ["stream", "respond"])
async def test_run_whose_client_leaves_appends_all_or_nothing_and_frees_the_conversation(
    tmp_path: Path, autojump_clock: MockClock, how: str
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse()
        with trio.move_on_after(1.0):
            await run(api, how, conversation)
            raise AssertionError("it was to be cut short")
        await under.service.in_flight.none()
        left = len(await api.items(conversation))
        assert left in ((0,) if how == "stream" else (0, 2)), "a whole answer may have been sent to who left"
        await api.respond("Now.", conversation=conversation)
        assert len(await api.items(conversation)) == left + 2


async def test_items_put_in_while_a_run_goes_on_come_before_its_own(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, api, "stream", conversation)
            await trio.sleep(0.5)
            path = f"{CONVERSATIONS}/{conversation}/items"
            await api.call("POST", path, {"items": [{"role": "user", "content": "Between."}]})
        assert texts(await api.items(conversation))[:2] == ["Between.", "First."]


async def test_conversation_deleted_while_a_run_goes_on_stays_deleted(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(run, api, "stream", conversation)
            await trio.sleep(0.5)
            await api.call("DELETE", f"{CONVERSATIONS}/{conversation}")
        assert (await under.get("/llmsim/v1/sessions"))["data"] == []


async def test_named_session_has_one_conversation(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        named = {"X-LLMSim-Session": "tour"}
        conversation = await api.converse("My name is Ada.", headers=named)
        assert (await under.get("/llmsim/v1/sessions/tour"))["turns"] == 0
        assert (await api.refused("POST", CONVERSATIONS, {}, named))[::3] == (409, "session_exists")
        bad = await api.refused("POST", CONVERSATIONS, {}, {"X-LLMSim-Session": "a b"})
        assert bad[0] == 400
        await api.respond("What is my name?", named, conversation=conversation)
        elsewhere = await api.refused(
            "POST", RESPONSES, asked("Hi.", conversation=conversation), {"X-LLMSim-Session": "other"}
        )
        assert elsewhere[0] == 400
        assert (await under.get("/llmsim/v1/sessions/tour"))["turns"] == 1


async def test_session_deleted_by_its_own_route_takes_its_conversation_along(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("Hi.", headers={"X-LLMSim-Session": "tour"})
        made = await api.respond("Hello.", conversation=conversation)
        await api.call("DELETE", "/llmsim/v1/sessions/tour")
        assert (await api.refused("GET", f"{CONVERSATIONS}/{conversation}"))[0] == 404
        assert (await api.refused("GET", f"{RESPONSES}/{made['id']}"))[0] == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b'{"items": 3}', b'{"items": [3]}', b'{"metadata": 3}'])
async def test_bodies_that_are_no_good_are_refused(tmp_path: Path, autojump_clock: MockClock, body: bytes) -> None:
    async with pod(tmp_path) as under:
        conversation = await Api(under).converse()
        for path in (CONVERSATIONS, f"{CONVERSATIONS}/{conversation}", f"{CONVERSATIONS}/{conversation}/items"):
            assert (await raw(under, path, body))["type"] == "invalid_request_error"


async def raw(under: PodUnderTest, path: str, body: bytes) -> dict[str, Any]:
    answer = await under.client.exchange("POST", path, {}, body)
    assert answer.status == 400
    error: dict[str, Any] = orjson.loads(answer.body)["error"]
    return error
