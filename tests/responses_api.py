"""OpenAI's Responses and Conversations, asked of a pod under test: requests and answers as JSON, streams as events."""

from typing import Any

import attrs
import orjson

from llmsim.replay.clients import Exchange
from llmsim.store import resources, sessions
from tests.pods import PodUnderTest

MODEL = "gpt-4o-mini"
RESPONSES = "/v1/responses"
CONVERSATIONS = "/v1/conversations"
Json = dict[str, Any]
BEHIND: Json = {"background": True, "max_output_tokens": 60}
"""A response that is made in the background, for some seconds."""


@attrs.frozen
class Api:
    """A client of these two."""

    under: PodUnderTest

    async def ask(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Exchange:
        """Whatever comes back."""
        data = b"" if body is None else orjson.dumps(body)
        return await self.under.client.exchange(method, path, headers or {}, data)

    async def call(self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None) -> Json:
        """The JSON of what has to come back well."""
        exchange = await self.ask(method, path, body, headers)
        assert exchange.status == 200, exchange.body
        found: Json = orjson.loads(exchange.body)
        return found

    async def refused(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> tuple[int, str, str | None, str | None]:
        """Status, message, param and code of what has to be refused."""
        exchange = await self.ask(method, path, body, headers)
        error = orjson.loads(exchange.body)["error"]
        return exchange.status, error["message"], error["param"], error["code"]

    async def respond(self, said: object, headers: dict[str, str] | None = None, **params: object) -> Json:
        """A response that is not streamed."""
        return await self.call("POST", RESPONSES, asked(said, **params), headers)

    async def stream(self, said: object, headers: dict[str, str] | None = None, **params: object) -> list[Json]:
        """The events of a streamed response."""
        return events(await self.ask("POST", RESPONSES, asked(said, stream=True, **params), headers))

    async def told_again(self, response: str, after: int | None = None) -> Exchange:
        """The events of a background response, again."""
        behind = "" if after is None else f"&starting_after={after}"
        return await self.ask("GET", f"{RESPONSES}/{response}?stream=true{behind}")

    async def shown(self, response: str) -> Json:
        """A stored response."""
        return await self.call("GET", f"{RESPONSES}/{response}")

    async def converse(self, *items: object, headers: dict[str, str] | None = None) -> str:
        """The id of a new conversation."""
        made = await self.call("POST", CONVERSATIONS, {"items": [said_by_user(item) for item in items]}, headers)
        found: str = made["id"]
        return found

    async def items(self, conversation: str, query: str = "order=asc&limit=100") -> list[Json]:
        """The items of a conversation."""
        found: list[Json] = (await self.call("GET", f"{CONVERSATIONS}/{conversation}/items?{query}"))["data"]
        return found


def asked(said: object, **params: object) -> Json:
    """The body of a request for a short response; a parameter that is None is left out."""
    body = {"model": MODEL, "input": said, "max_output_tokens": 24, **params}
    return {key: value for key, value in body.items() if value is not None}


def said_by_user(item: object) -> object:
    """A message of the user, or the item as it is."""
    return {"role": "user", "content": item} if isinstance(item, str) else item


def text(response: Json) -> str:
    """What a response says."""
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    return "".join(part["text"] for part in parts)


def texts(items: list[Json]) -> list[str]:
    """What the messages among some items say."""
    return ["".join(part["text"] for part in item["content"]) for item in items if item["type"] == "message"]


def events(exchange: Exchange) -> list[Json]:
    """The events of a stream."""
    assert exchange.status == 200, exchange.body
    return [orjson.loads(frame.partition(b"\ndata: ")[2]) for frame in exchange.body.split(b"\n\n") if frame]


async def begun(api: Api, said: str = "Describe rain.", **params: object) -> Json:
    """A background response that has just begun."""
    made = await api.respond(said, None, **BEHIND | params)
    assert (made["status"], made["output"], made["usage"]) == ("queued", [], None)
    return made


def running(under: PodUnderTest) -> list[str]:
    """The ids of the responses that are under way."""
    with under.service.simulator.environment.read() as view:
        return [found.id for found in resources.listed(view, "openai.responses.running")]


def session_of(under: PodUnderTest) -> str:
    """The only session."""
    with under.service.simulator.environment.read() as view:
        [found] = sessions.sessions(view)
    return found.id
