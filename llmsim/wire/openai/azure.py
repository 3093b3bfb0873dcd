"""Azure's deployments: OpenAI's chat completions and completions under other paths, with an API version and filters.

Pure. A deployment names the model where a request names none. Responses say what Azure's content filter made of prompt
and reply (here always: safe), a stream in a first chunk without choices. Two errors are Azure's own. Paths below
`/openai/v1/` are OpenAI's in all of this. Source of the forms: responses quoted in github.com/microsoft/autogen issue
6465, github.com/AbanteAI/archive-old-cli-mentat issue 429 and github.com/chatboxai/chatbox issue 646.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs

import attrs
import orjson

from llmsim.errors import ClientError, UnknownModel, UnknownPath
from llmsim.simulation.plan import Plan
from llmsim.wire import sse
from llmsim.wire.base import Frame, Parsed, Refusal
from llmsim.wire.ids import request_id as request_id_text
from llmsim.wire.openai import errors
from llmsim.wire.openai.chat.wire import OpenAIChat
from llmsim.wire.openai.completions.wire import OpenAICompletions
from llmsim.wire.openai.http import JSON

DEPLOYMENTS = "/openai/deployments/"
SAFE: Mapping[str, Any] = {
    category: {"filtered": False, "severity": "safe"} for category in ("hate", "self_harm", "sexual", "violence")
}
"""What the filter says of what it lets through."""
PROMPT_SAFE = {**SAFE, "jailbreak": {"filtered": False, "detected": False}}
NOT_FOUND = {"code": "404", "message": "Resource not found"}
NOT_DEPLOYED = {
    "code": "DeploymentNotFound",
    "message": "The API deployment for this resource does not exist. If you created the deployment within the last 5 "
    "minutes, please wait a moment and try again.",
}


class NoVersion(ClientError):
    """A request below DEPLOYMENTS without `api-version`: Azure knows no such resource."""

    def __init__(self) -> None:
        super().__init__(NOT_FOUND["message"], status=404, code=NOT_FOUND["code"])


def require_version(query: str) -> None:
    """Look for the version of the API, of which any will do; raises NoVersion."""
    if not parse_qs(query).get("api-version"):
        raise NoVersion


def refuse(error: ClientError, request_digest: bytes) -> Refusal:
    """An error below DEPLOYMENTS: OpenAI's, but for what is not there."""
    if isinstance(error, UnknownPath | NoVersion):
        told = NOT_FOUND
    elif isinstance(error, UnknownModel):
        told = NOT_DEPLOYED
    else:
        return errors.refuse(error, request_digest)
    body = orjson.dumps({"error": told})
    headers = (
        ("content-type", JSON),
        ("content-length", str(len(body))),
        ("x-request-id", request_id_text(request_digest)),
    )
    return Refusal(404, headers, body)


@attrs.frozen
class AzureChat(OpenAIChat):
    """Chat completions at a deployment. `query` is that of the request."""

    query: str = ""

    def parse(self, body: bytes, headers: Mapping[str, str]) -> Parsed:
        """Read a request body, as OpenAI's; raises ClientError."""
        require_version(self.query)
        return OpenAIChat.parse(self, body, headers)

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed, with what the filter says."""
        return filtered(OpenAIChat.whole(self, plan, asked), 1)

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a stream, with what the filter says; none is padded."""
        bare = attrs.evolve(asked, params={**asked.params, "obfuscation": False})
        yield from filtered_frames(OpenAIChat.frames(self, plan, bare), 1)

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in Azure's words."""
        return refuse(error, request_digest)


@attrs.frozen
class AzureCompletions(OpenAICompletions):
    """Legacy completions at a deployment. `query` is that of the request."""

    query: str = ""

    def parse(self, body: bytes, headers: Mapping[str, str]) -> Parsed:
        """Read a request body, as OpenAI's; raises ClientError."""
        require_version(self.query)
        return OpenAICompletions.parse(self, body, headers)

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed, with what the filter says."""
        return filtered(OpenAICompletions.whole(self, plan, asked), asked.request.prompts)

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a stream, with what the filter says."""
        yield from filtered_frames(OpenAICompletions.frames(self, plan, asked), asked.request.prompts)

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in Azure's words."""
        if isinstance(error, UnknownModel | NoVersion):
            return refuse(error, request_digest)
        return OpenAICompletions.refuse(self, error, request_digest)


def filtered(body: bytes, prompts: int) -> bytes:
    """A response with what the filter says of its prompts and of each choice."""
    said: dict[str, Any] = orjson.loads(body)
    said["choices"] = [{**choice, "content_filter_results": SAFE} for choice in said["choices"]]
    return orjson.dumps({**said, "prompt_filter_results": _of_prompts(prompts)})


def filtered_frames(frames: Iterator[Frame], prompts: int) -> Iterator[Frame]:
    """A stream with what the filter says: of the prompts before anything else, of each piece with it."""
    first = {"choices": [], "created": 0, "id": "", "model": "", "object": "", "prompt_filter_results": None}
    yield Frame(1, sse.event(orjson.dumps({**first, "prompt_filter_results": _of_prompts(prompts)})))
    for frame in frames:
        if frame.data == sse.DONE:
            yield frame
            continue
        said: dict[str, Any] = orjson.loads(frame.data.removeprefix(b"data: "))
        for choice in said["choices"]:
            spoken = choice.get("delta", {}).get("content") or choice.get("text")
            choice["content_filter_results"] = SAFE if spoken else {}
        yield attrs.evolve(frame, data=sse.event(orjson.dumps(said)))


def _of_prompts(prompts: int) -> list[dict[str, Any]]:
    return [{"prompt_index": at, "content_filter_results": PROMPT_SAFE} for at in range(max(prompts, 1))]
