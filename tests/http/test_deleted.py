"""Deleted is deleted: what a client deletes over HTTP is in no snapshot taken afterwards, not one byte of it."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from llmsim.store.environment import DATA_FILE
from tests.fixtures.dialects import ANTHROPIC, BATCHES, CONVERSATIONS, RESPONSES, call
from tests.pods import CHAT, PodUnderTest, pod
from tests.snapshots import records_of, taken

WORD = "xylophone"
SAID = f"The {WORD} is blue. " * 50

Deleting = Callable[[PodUnderTest], Awaitable[str]]


def of(**params: object) -> dict[str, Any]:
    return {"model": "gpt-4o-mini", "input": SAID, "max_output_tokens": 200, **params}


async def session(under: PodUnderTest) -> str:
    told = [{"role": "user", "content": SAID}]
    await call(under, CHAT, {"model": "gpt-4o-mini", "messages": told}, f"about-{WORD}")
    return f"/llmsim/v1/sessions/about-{WORD}"


async def response(under: PodUnderTest) -> str:
    made = await call(under, RESPONSES, of(metadata={"about": WORD}))
    return f"{RESPONSES}/{made['id']}"


async def background_response(under: PodUnderTest) -> str:
    made = await call(under, RESPONSES, of(background=True))
    return f"{RESPONSES}/{made['id']}"


async def completion(under: PodUnderTest) -> str:
    told = [{"role": "user", "content": SAID}]
    body = {"model": "gpt-4o-mini", "messages": told, "store": True, "metadata": {"about": WORD}, "max_tokens": 200}
    return f"{CHAT}/{(await call(under, CHAT, body))['id']}"


async def conversation(under: PodUnderTest) -> str:
    items = [{"role": "user", "content": SAID}]
    made = await call(under, CONVERSATIONS, {"items": items, "metadata": {"about": WORD}}, f"about-{WORD}")
    await call(under, RESPONSES, of(conversation=made["id"]))
    return f"{CONVERSATIONS}/{made['id']}"


async def item(under: PodUnderTest) -> str:
    made = await call(under, CONVERSATIONS, {"items": [{"role": "user", "content": SAID}]})
    [kept] = (await under.get(f"{CONVERSATIONS}/{made['id']}/items"))["data"]
    return f"{CONVERSATIONS}/{made['id']}/items/{kept['id']}"


async def batch(under: PodUnderTest) -> str:
    params = {"model": "claude-sonnet-4-6", "max_tokens": 50, "messages": [{"role": "user", "content": SAID}]}
    made = await call(under, BATCHES, {"requests": [{"custom_id": WORD, "params": params}]}, None, ANTHROPIC)
    assert (await under.client.exchange("POST", f"{BATCHES}/{made['id']}/cancel", ANTHROPIC)).status == 200
    await trio.sleep(600)
    return f"{BATCHES}/{made['id']}"


KINDS = [session, response, background_response, completion, conversation, item, batch]


@pytest.mark.parametrize("making", KINDS, ids=[making.__name__ for making in KINDS])
async def test_snapshot_has_no_byte_of_what_was_deleted_over_http(
    making: Deleting, tmp_path: Path, autojump_clock: MockClock
) -> None:
    data_dir = tmp_path / "data"
    async with pod(data_dir) as under:
        await under.say("Tell me about rain.")
        path = await making(under)
        await under.say("Tell me about snow.")
        gone = await under.client.exchange("DELETE", path, ANTHROPIC if path.startswith(BATCHES) else {})
        assert gone.status == 200, gone.body
        await under.service.simulator.writer.drain()
    assert WORD.encode() in (data_dir / DATA_FILE).read_bytes(), "else this shows nothing"
    found = records_of(taken(data_dir, tmp_path / "backup"))
    assert len(found) > 5
    assert WORD.encode() not in b"".join(key + (value or b"") for _, key, value in found)
