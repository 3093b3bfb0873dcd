"""Stored responses over HTTP: chains and forks, what is shown again, what is deleted, what is refused."""

from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from llmsim.wire.ids import keyed_id, partition_key
from tests.pods import pod
from tests.responses_api import RESPONSES, Api, asked, events, text
from tests.schemas import answer_faults

pytestmark = pytest.mark.usefixtures("each_way")
UNKNOWN = "resp_nothing"
THEIRS = keyed_id("resp", partition_key(3, "s"), 1, bytes(32))


async def test_chain_remembers_and_forks_go_on_apart_also_after_a_restart(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        first = await api.respond("My name is Ada.", instructions="ANSWER IN FRENCH.")
    async with pod(tmp_path) as under:
        api = Api(under)
        second = await api.respond("I live in Paris.", previous_response_id=first["id"])
        fork = await api.respond("I live in Lima.", previous_response_id=first["id"])
        assert second["previous_response_id"] == first["id"]
    async with pod(tmp_path) as under:
        api = Api(under)
        third = await api.respond("Where do I live?", previous_response_id=second["id"], max_output_tokens=60)
        other = await api.respond("Where do I live?", previous_response_id=fork["id"], max_output_tokens=60)
        named = await api.respond("What is my name?", previous_response_id=other["id"], max_output_tokens=60)
        assert "Paris" in text(third)
        assert "Lima" in text(other)
        assert "Ada" in text(named)
        inputs = [one["usage"]["input_tokens"] for one in (first, second, third)]
        assert inputs == sorted(inputs)
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert session["turns"] == 6


async def test_instructions_are_not_inherited(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        told = await api.respond("Describe rain.", instructions="Answer in upper case.")
        assert text(told) == text(told).upper()
        plain = await api.respond("Describe snow.", previous_response_id=told["id"])
        assert text(plain) != text(plain).upper()
        again = await api.respond(
            "Describe hail.", previous_response_id=plain["id"], instructions="Answer in upper case."
        )
        assert text(again) == text(again).upper()
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert session["turns"] == 3


async def test_chain_stores_only_what_is_new(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        previous = None
        for number in range(4):
            previous = (await api.respond(f"Lesson {number}.", previous_response_id=previous))["id"]
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert [len(turn["messages"]) for turn in await under.turns(session["id"])] == [1] * 4


@pytest.mark.parametrize("streamed", [False, True])
async def test_response_is_shown_as_it_was_answered_also_after_a_restart(
    tmp_path: Path, autojump_clock: MockClock, streamed: bool
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        params: dict[str, Any] = {"metadata": {"a": "b"}, "temperature": 0.5}
        if streamed:
            told = (await api.stream("What is rain?", **params))[-1]["response"]
        else:
            told = await api.respond("What is rain?", **params)
        shown = await api.shown(told["id"])
        assert {**told, "billing": shown["billing"]} == shown
        assert answer_faults("GET", "/responses/{response_id}", shown) == []
    async with pod(tmp_path) as under:
        assert await Api(under).shown(told["id"]) == shown


async def test_encrypted_reasoning_is_shown_to_who_asks_for_it(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        made = await api.respond("What is rain?", model="gpt-5", max_output_tokens=400, reasoning={"effort": "low"})
        path = f"{RESPONSES}/{made['id']}"
        [thought] = [item for item in (await api.call("GET", path))["output"] if item["type"] == "reasoning"]
        assert "encrypted_content" not in thought
        shown = await api.call("GET", f"{path}?include[]=reasoning.encrypted_content")
        [thought] = [item for item in shown["output"] if item["type"] == "reasoning"]
        assert thought["encrypted_content"].startswith("gAAAAA")
        assert (await api.refused("GET", f"{path}?include[]=x"))[0] == 400


async def test_response_that_is_not_to_be_stored_is_not(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        for headers, params in (({}, {"store": False}), ({"X-LLMSim-Store": "no"}, {})):
            made = await api.respond("Hi.", headers, **params)
            assert (await api.refused("GET", f"{RESPONSES}/{made['id']}"))[0] == 404
            gone = await api.refused("POST", RESPONSES, asked("And?", previous_response_id=made["id"]))
            assert gone == (
                400,
                f"Previous response with id '{made['id']}' not found.",
                "previous_response_id",
                "previous_response_not_found",
            )


async def test_chain_that_is_not_to_be_stored_is_remembered_and_leaves_nothing(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        first = await api.respond("My name is Ada.")
        passing = await api.respond("What is my name?", {"X-LLMSim-Store": "no"}, previous_response_id=first["id"])
        assert "Ada" in text(passing)
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert session["turns"] == 1


async def test_deleted_response_is_gone_and_what_goes_on_from_it_remembers(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        first = await api.respond("My name is Ada.")
        second = await api.respond("Hello.", previous_response_id=first["id"])
        gone = await api.call("DELETE", f"{RESPONSES}/{first['id']}")
        assert gone == {"id": first["id"], "object": "response", "deleted": True}
        assert await api.refused("GET", f"{RESPONSES}/{first['id']}") == (
            404,
            f"Response with id '{first['id']}' not found.",
            None,
            None,
        )
        assert (await api.refused("DELETE", f"{RESPONSES}/{first['id']}"))[0] == 404
    async with pod(tmp_path) as under:
        api = Api(under)
        third = await api.respond("What is my name?", previous_response_id=second["id"], max_output_tokens=60)
        assert "Ada" in text(third)
        for one in (third, second):
            await api.call("DELETE", f"{RESPONSES}/{one['id']}")
        assert (await under.get("/llmsim/v1/sessions"))["data"] == []


async def test_input_items_come_in_pages(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        said = [{"role": "user", "content": f"Part {number}."} for number in range(5)]
        made = await api.respond(said)
        path = f"{RESPONSES}/{made['id']}/input_items"
        whole = await api.call("GET", path)
        assert answer_faults("GET", "/responses/{response_id}/input_items", whole) == []
        assert [item["content"][0]["text"] for item in whole["data"]] == [
            f"Part {number}." for number in range(4, -1, -1)
        ]
        assert len({item["id"] for item in whole["data"]}) == 5
        first = await api.call("GET", f"{path}?order=asc&limit=2")
        assert (first["has_more"], first["last_id"]) == (True, first["data"][1]["id"])
        rest = await api.call("GET", f"{path}?order=asc&limit=3&after={first['last_id']}")
        assert [*first["data"], *rest["data"]] == whole["data"][::-1]
        assert rest["has_more"] is False
        assert await api.refused("GET", f"{path}?limit=1000") == (
            400,
            "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 1000 instead.",
            "limit",
            "integer_above_max_value",
        )


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", f"{RESPONSES}/%s", None),
        ("DELETE", f"{RESPONSES}/%s", None),
        ("POST", f"{RESPONSES}/%s/cancel", None),
        ("GET", f"{RESPONSES}/%s/input_items", None),
        ("GET", f"{RESPONSES}/%s?stream=true", None),
    ],
)
async def test_unknown_response_is_404_and_another_pods_names_its_owner(
    tmp_path: Path, autojump_clock: MockClock, method: str, path: str, body: object
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        told = await api.refused(method, path % UNKNOWN, body)
        assert told == (404, f"Response with id '{UNKNOWN}' not found.", None, None)
        foreign = await api.refused(method, path % THEIRS, body)
        assert foreign[0] == 421
        assert foreign[1].startswith(f"The id '{THEIRS}' belongs to pod 3")
        assert foreign[3] == "wrong_pod"


async def test_chain_from_another_pods_response_names_its_owner(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        for params in ({"previous_response_id": THEIRS}, {"conversation": THEIRS}):
            assert (await api.refused("POST", RESPONSES, asked("Hi.", **params)))[::3] == (421, "wrong_pod")


async def test_synchronous_response_is_neither_cancelled_nor_streamed_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        made = await api.respond("Hi.")
        cancelled = await api.refused("POST", f"{RESPONSES}/{made['id']}/cancel")
        assert cancelled == (400, "Cannot cancel a synchronous response.", None, None)
        assert (await api.refused("GET", f"{RESPONSES}/{made['id']}?stream=true"))[0] == 400


async def test_response_whose_client_leaves_is_not_there(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        heard = (await api.stream("What is rain?", {"X-LLMSim-Session": "s"}, max_output_tokens=300))[0]["response"][
            "id"
        ]
        await api.call("DELETE", f"{RESPONSES}/{heard}")
        with trio.move_on_after(1):
            await api.stream("What is rain?", {"X-LLMSim-Session": "s"}, max_output_tokens=300)
            raise AssertionError("it was to be cut short")
        await under.service.in_flight.none()
        await under.service.simulator.writer.drain()
        [turn] = await under.turns("s")
        assert turn["outcome"]["ending"] == "client_left"
        assert (await api.refused("GET", f"{RESPONSES}/{heard}"))[0] == 404


async def test_idempotency_key_makes_whole_what_its_first_client_left(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        conversation = await api.converse("My name is Ada.")
        key = {"Idempotency-Key": "k"}
        with trio.move_on_after(1):
            await api.stream("What is my name?", key, conversation=conversation, max_output_tokens=300)
        await under.service.in_flight.none()
        assert len(await api.items(conversation)) == 1
        told = await api.stream("What is my name?", key, conversation=conversation, max_output_tokens=300)
        assert len(await api.items(conversation)) == 3
        assert (await api.shown(told[-1]["response"]["id"]))["status"] in ("completed", "incomplete")
        again = await api.stream("What is my name?", key, conversation=conversation, max_output_tokens=300)
        assert again == told
        assert len(await api.items(conversation)) == 3


async def test_same_request_twice_has_two_responses(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        api = Api(under)
        one, two = [await api.respond("What is rain?") for _ in range(2)]
        assert one["id"] != two["id"]
        assert text(one) == text(two)
        assert (await api.shown(one["id"]))["id"] == one["id"]
        streamed = events(await api.ask("POST", RESPONSES, asked("What is rain?", stream=True)))
        assert text(streamed[-1]["response"]) == text(one)
