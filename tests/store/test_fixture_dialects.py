"""The fixture store of the current versions, a year later: what providers' APIs kept in it is there, and goes on."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.store import resources, sessions
from llmsim.store.environment import DATA_FILE, Environment, View
from llmsim.store.schema import Resource
from tests.fixtures.dialects import (
    ANTHROPIC,
    BATCHES,
    CONVERSATIONS,
    GREETING,
    MESSAGES,
    RESPONSES,
    THREADS,
    WHO,
    call,
)
from tests.fixtures.make_store import FOLDER
from tests.pods import pod

KEPT = {
    "batch": ["anthropic.batch"],
    "conversation": ["openai.conversation", "openai.response"],
    "responses": ["openai.response", "openai.response"],
    "responses-background": ["openai.response"],
    "responses-tools": ["openai.response"],
    "thread": ["anthropic.thread", "anthropic.thread"],
}
DIALECTS = {"openai.chat", "openai.responses", "anthropic.messages", "gemini"}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy to go on with."""
    shutil.copyfile(FOLDER / DATA_FILE, tmp_path / DATA_FILE)
    return tmp_path


@pytest.fixture
def view() -> Iterator[View]:
    with Environment.open(FOLDER, readonly=True, lock=False) as environment, environment.read() as opened:
        yield opened


def kept(view: View, session: str) -> list[Resource]:
    """In the order in which they were said."""
    found = resources.of_session(view, session)
    return sorted(found, key=lambda one: (one.created_s, one.turn.number if one.turn else 0))


def ids(data_dir: Path, session: str) -> list[str]:
    with Environment.open(data_dir, readonly=True, lock=False) as environment, environment.read() as view:
        return [found.id for found in kept(view, session)]


def test_fixture_has_turns_of_every_dialect_and_what_their_apis_keep(view: View) -> None:
    every = [session.id for session in sessions.sessions(view)]
    found = {name: sorted(one.kind for one in kept(view, name)) for name in every}
    assert {name: kinds for name, kinds in found.items() if kinds} == KEPT
    assert {turn.dialect for name in every for turn in sessions.turns(view, name)} == DIALECTS
    assert [one.session for one in resources.listed(view, "openai.responses.running")] == ["responses-background"]
    assert [one.session for one in resources.listed(view, "anthropic.batches")] == ["batch"]
    replies = [reply for name in every for turn in sessions.turns(view, name) for reply in turn.replies]
    assert sum(bool(reply.calls) for reply in replies) == 3
    assert any(reply.reasoning for reply in replies)


def test_fixture_has_items_with_a_gap_where_one_was_deleted(view: View) -> None:
    assert [at for at, _ in resources.placed(view, "conversation")] == [0, 2, 3, 4]
    assert orjson.dumps(next(resources.items(view, "conversation"))).count(GREETING.encode()) == 1


def test_fixture_has_no_word_of_a_response_that_was_deleted_beside_what_went_on_from_it(view: View) -> None:
    first, *_ = sessions.turns(view, "responses")
    assert (first.parent, first.key.number) == (None, 2)
    assert first.messages[0].content == GREETING


async def test_fixture_chain_of_responses_and_conversation_go_on(copied: Path, autojump_clock: MockClock) -> None:
    last, [conversation, _] = ids(copied, "responses")[-1], ids(copied, "conversation")
    async with pod(copied) as under:
        body: dict[str, Any] = {"model": "gpt-4o-mini", "input": WHO, "max_output_tokens": 24}
        assert "Ada" in said(await call(under, RESPONSES, {**body, "previous_response_id": last}))
        assert "Ada" in said(await call(under, RESPONSES, {**body, "conversation": conversation}))
        items = await under.get(f"{CONVERSATIONS}/{conversation}/items?limit=100")
        assert len(items["data"]) == 6
        deleted = await under.client.exchange("DELETE", f"{CONVERSATIONS}/{conversation}", {})
        assert deleted.status == 200
        assert "conversation" not in [one["id"] for one in (await under.get("/llmsim/v1/sessions?limit=100"))["data"]]


async def test_fixture_background_response_that_was_under_way_comes_to_its_end(
    copied: Path, autojump_clock: MockClock
) -> None:
    [waiting] = ids(copied, "responses-background")
    async with pod(copied) as under:
        assert (await under.get(f"{RESPONSES}/{waiting}"))["status"] in {"queued", "in_progress"}
        await trio.sleep(60)
        ended = await under.get(f"{RESPONSES}/{waiting}")
        assert ended["incomplete_details"] == {"reason": "max_output_tokens"}
        assert said(ended)


async def test_fixture_thread_goes_on_and_batch_has_its_results(copied: Path, autojump_clock: MockClock) -> None:
    [batch], last = ids(copied, "batch"), ids(copied, "thread")[-1]
    async with pod(copied) as under:
        told = [{"role": "user", "content": WHO}]
        body = {"model": "claude-sonnet-4-6", "max_tokens": 100, "messages": told}
        going_on = {**body, "thread": {"type": "continue", "previous_message_id": last}}
        assert "Ada" in (await call(under, MESSAGES, going_on, None, THREADS))["content"][0]["text"]
        await trio.sleep(600)
        found = await under.client.exchange("GET", f"{BATCHES}/{batch}", ANTHROPIC)
        counts = orjson.loads(found.body)["request_counts"]
        assert (counts["succeeded"], counts["processing"]) == (2, 0)


def said(response: dict[str, Any]) -> str:
    """The text of a response."""
    return "".join(part["text"] for item in response["output"] if item["type"] == "message" for part in item["content"])
