"""What a client of Anthropic's API would send to a pod in the test's own process, and what it gets."""

from typing import Any

import orjson

from llmsim.replay.clients import Exchange
from tests.pods import PodUnderTest

PATH = "/v1/messages"
BATCHES = "/v1/messages/batches"
THREADS = "message-threads-2026-08-12"
NEW = {"authorization": "Bearer k", "anthropic-version": "2026-10-21"}
OLD = {"x-api-key": "k", "anthropic-version": "2023-06-01"}
THREADED = {**NEW, "anthropic-beta": THREADS}


def body_of(*said: str, **params: object) -> dict[str, Any]:
    """A request whose messages alternate between user and assistant, beginning with the user."""
    roles = ("user", "assistant")
    messages = [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)]
    return {"model": "claude-sonnet-4-6", "max_tokens": 40, "messages": messages, **params}


async def post(
    under: PodUnderTest, body: object, path: str = PATH, headers: dict[str, str] = THREADED, method: str = "POST"
) -> Exchange:
    """Any request with a JSON body."""
    return await under.client.exchange(method, path, headers, b"" if body is None else orjson.dumps(body))


async def told(
    under: PodUnderTest, body: object = None, path: str = PATH, headers: dict[str, str] = THREADED, method: str = "POST"
) -> dict[str, Any]:
    """The JSON of what a request is answered, with its status."""
    exchange = await post(under, body, path, headers, method)
    return {"status": exchange.status, **orjson.loads(exchange.body)}


def going_on(previous: str, *said: str, **params: object) -> dict[str, Any]:
    """A request that goes on in a thread."""
    return body_of(*said, thread={"type": "continue", "previous_message_id": previous}, **params)


def code_of(answer: dict[str, Any]) -> str:
    """The machine-readable code of an error."""
    code: str = answer["error"]["details"]["error_code"]
    return code


def text_of(answer: dict[str, Any]) -> str:
    """What a message says."""
    return "".join(block.get("text", "") for block in answer["content"])
