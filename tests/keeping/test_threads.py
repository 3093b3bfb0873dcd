"""Threads: created, continued once, for five minutes of the simulator's clock, across restarts; each way they fail."""

from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.clock import Clock, Pace
from llmsim.keeping.threads import EXPIRES_S
from llmsim.wire.ids import MESSAGE
from tests.anthropic_client import NEW, THREADED, body_of, code_of, going_on, post, text_of, told
from tests.pods import PodUnderTest, pod

CREATE = {"type": "create"}
BETAS = "context-management-2025-06-27,server-side-fallback-2026-07-01"
TOOL = {"name": "get_weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}


async def created(under: PodUnderTest, **params: object) -> dict[str, Any]:
    answer = await told(under, body_of("Hello, my name is Ada.", thread=CREATE, **params))
    assert answer["status"] == 200
    return answer


async def test_thread_goes_on_with_the_new_messages_alone(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        first = await created(under, system="Be brief.")
        second = await post(under, going_on(first["id"], "What is my name?"))
        assert second.headers["x-llmsim-turn"] == "2"
        answer = orjson.loads(second.body)
        assert "Ada" in text_of(answer)
        assert answer["usage"]["input_tokens"] > first["usage"]["input_tokens"] + first["usage"]["output_tokens"]
        third = await told(under, going_on(answer["id"], "And where do I live?"))
        assert third["status"] == 200
        [session] = (await under.get("/llmsim/v1/sessions"))["data"]
        assert session["turns"] == 3


async def test_thread_says_what_the_whole_conversation_would_have_said(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        first = await created(under)
        threaded = await told(under, going_on(first["id"], "What is my name?"))
        whole = await told(under, body_of("Hello, my name is Ada.", text_of(first), "What is my name?"))
        assert text_of(threaded) == text_of(whole)
        assert threaded["usage"] == whole["usage"]
        assert threaded["id"] != whole["id"]


async def test_thread_expires_five_minutes_after_its_last_response(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, pace=Pace(None)) as under:
        first = await created(under)
        await trio.sleep(EXPIRES_S - 1)
        second = await told(under, going_on(first["id"], "What is my name?"))
        await trio.sleep(EXPIRES_S - 1)
        third = await told(under, going_on(second["id"], "What is my name?"))
        await trio.sleep(EXPIRES_S + 1)
        late = await told(under, going_on(third["id"], "What is my name?"))
        assert (late["status"], code_of(late)) == (404, "thread_not_found")
        assert late["error"]["type"] == "not_found_error"


async def test_response_is_continued_once(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        first = await created(under)
        assert (await told(under, going_on(first["id"], "What is my name?")))["status"] == 200
        again = await told(under, going_on(first["id"], "What is my name?"))
        assert (again["status"], code_of(again)) == (400, "thread_already_continued")


async def test_continuation_that_is_tried_again_with_its_key_is_answered_again(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        first = await created(under)
        keyed = {**THREADED, "idempotency-key": "k"}
        once = await told(under, going_on(first["id"], "What is my name?"), headers=keyed)
        again = await told(under, going_on(first["id"], "What is my name?"), headers=keyed)
        assert again == once
        other = await told(under, going_on(first["id"], "What is yours?"), headers=keyed)
        assert other["status"] == 400
        assert "idempotent" in other["error"]["message"]


async def test_second_continuation_meanwhile_is_refused(tmp_path: Path, autojump_clock: MockClock) -> None:
    answers: list[dict[str, Any]] = []

    async def go_on(under: PodUnderTest, previous: str) -> None:
        answers.append(await told(under, going_on(previous, "What is my name?")))

    async with pod(tmp_path) as under:
        first = await created(under)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(go_on, under, first["id"])
            nursery.start_soon(go_on, under, first["id"])
    [refused, good] = sorted(answers, key=lambda answer: answer["status"], reverse=True)
    assert good["status"] == 200
    assert (refused["status"], code_of(refused)) == (400, "thread_continue_in_flight")


async def test_client_that_leaves_may_continue_from_the_same_response(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        first = await created(under)
        with trio.move_on_after(0.01) as left:
            await post(under, going_on(first["id"], "What is my name?", stream=True))
        assert left.cancelled_caught
        answer = await told(under, going_on(first["id"], "What is my name?"))
        assert answer["status"] == 200


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"model": "claude-opus-5-5"}, ["model"]),
        ({"thinking": {"type": "adaptive"}}, ["thinking"]),
        ({"tool_choice": {"type": "any"}}, ["tool_choice"]),
        ({"cache_control": {"type": "ephemeral"}}, ["cache_control"]),
        ({"system": "Be long."}, ["system"]),
        ({"tools": []}, ["tools"]),
        ({"model": "x", "system": "y"}, ["model", "system"]),
    ],
)
async def test_thread_continued_with_something_else_is_refused(
    changes: dict[str, Any], fields: list[str], tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        first = await created(under, system="Be brief.", tools=[TOOL])
        answer = await told(under, going_on(first["id"], "Hi", **changes))
        assert (answer["status"], code_of(answer)) == (400, "thread_fingerprint_mismatch")
        assert ", ".join(f"`{field}`" for field in fields) + "." in answer["error"]["message"]
        same = await told(under, going_on(first["id"], "Hi", system="Be brief.", tools=[TOOL], max_tokens=7))
        assert same["status"] == 200


async def test_another_set_of_betas_is_something_else(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        first = await created(under)
        more = {**THREADED, "anthropic-beta": THREADED["anthropic-beta"] + ",context-1m-2025-08-07"}
        answer = await told(under, going_on(first["id"], "Hi"), headers=more)
        assert code_of(answer) == "thread_fingerprint_mismatch"
        assert "`anthropic-beta`" in answer["error"]["message"]


@pytest.mark.parametrize(
    ("changes", "unsupported"),
    [
        ({"context_management": {"edits": []}}, ["context_management"]),
        ({"fallbacks": [{"model": "x"}]}, ["fallbacks"]),
        ({"thinking": {"type": "adaptive", "block_binding": {}}}, ["thinking"]),
        ({"context_management": {"edits": []}, "fallbacks": "default"}, ["context_management", "fallbacks"]),
    ],
)
async def test_thread_with_what_threads_do_not_support_is_refused(
    changes: dict[str, Any], unsupported: list[str], tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        more = {**THREADED, "anthropic-beta": f"{THREADED['anthropic-beta']},{BETAS}"}
        answer = await told(under, body_of("Hi", thread=CREATE, **changes), headers=more)
        assert (answer["status"], code_of(answer)) == (400, "thread_unsupported_request")
        assert answer["error"]["details"]["unsupported"] == unsupported
        assert (await told(under, body_of("Hi", **changes), headers=more))["status"] == 200


async def test_thread_that_nobody_made_is_not_found_and_another_pods_is_named(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    async with pod(tmp_path) as under:
        answer = await told(under, going_on("msg_nobodys", "Hi"))
        assert (answer["status"], code_of(answer)) == (404, "thread_not_found")
        plain = await told(under, body_of("Hi"))
        assert code_of(await told(under, going_on(plain["id"], "Hi"))) == "thread_not_found"
        service = under.service.simulator
        foreign = MESSAGE.make(type(service.pod)(7, 3), "s", bytes(32))
        elsewhere = await told(under, going_on(foreign, "Hi"))
        assert elsewhere["status"] == 421
        assert "belongs to pod 3" in elsewhere["error"]["message"]


async def test_thread_without_its_beta_is_an_unknown_key(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path) as under:
        answer = await told(under, body_of("Hi", thread=CREATE), headers=NEW)
        assert (answer["status"], answer["error"]["message"]) == (400, "thread: Extra inputs are not permitted")


async def test_thread_outlives_the_pod(tmp_path: Path, autojump_clock: MockClock) -> None:
    async with pod(tmp_path, clock=Clock()) as under:
        first = await created(under, tools=[TOOL])
    async with pod(tmp_path, clock=Clock()) as under:
        answer = await told(under, going_on(first["id"], "What is my name?"))
        assert (answer["status"], "Ada" in text_of(answer)) == (200, True)


async def test_calls_of_a_thread_are_answered_by_its_next_message(tmp_path: Path, autojump_clock: MockClock) -> None:
    call = {"type": "tool_use", "id": "toolu_1", "name": "get_weather", "input": {"city": "Paris"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "sunny"}
    async with pod(tmp_path) as under:
        asked = body_of("Weather?", thread=CREATE, tools=[TOOL])
        asked["messages"] += [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result]}]
        first = await told(under, asked)
        assert first["status"] == 200
        stray = going_on(first["id"])
        stray["messages"] = [{"role": "user", "content": [result | {"tool_use_id": "toolu_2"}]}]
        answer = await told(under, stray)
        assert answer["error"]["message"].startswith("messages.0.content.0: unexpected `tool_use_id` found")


async def test_prompt_cache_counts_the_whole_thread(tmp_path: Path, autojump_clock: MockClock) -> None:
    cached = {"cache_control": {"type": "ephemeral"}}
    async with pod(tmp_path) as under:
        first = await told(under, body_of("word " * 2000, thread=CREATE, **cached))
        made = first["usage"]["cache_creation_input_tokens"]
        assert made > 1900
        second = await told(under, going_on(first["id"], "word " * 100, **cached))
        assert second["usage"]["cache_read_input_tokens"] > 1900
        assert 0 < second["usage"]["cache_creation_input_tokens"] < 400
        assert second["usage"]["input_tokens"] < 10
