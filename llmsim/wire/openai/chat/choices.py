"""One choice of a chat completion: what its message says, its calls, its probabilities, and why it ends.

Pure. Key order and nulls are those of recorded responses. A stream says the same in pieces (`stream`).
"""

from collections.abc import Sequence
from typing import Any

import attrs
import orjson

from llmsim.simulation.draws import Source
from llmsim.simulation.logprobs import Said, logprobs
from llmsim.simulation.plan import Call, Choice, Plan
from llmsim.turn import FinishReason
from llmsim.wire.base import Parsed
from llmsim.wire.openai.chat.tools import names_one

CHOICE = (
    b'{"index":%d,"message":{"role":"assistant","content":%b,"refusal":null,"annotations":[]},"logprobs":null,'
    b'"finish_reason":"%b"}'
)
"""The JSON of a choice that only says something; only texts from outside need a JSON writer."""


@attrs.frozen
class Manner:
    """How choices are told: what the request asked besides their words.

    `top` is how many alternatives each token has, None where no probabilities were asked for. `custom` are the names of
    tools that take text. `legacy`: a call is a `function_call`. `named`: the caller chose the tool. `refuses`: a
    refusal stands in a place of its own.
    """

    top: int | None = None
    custom: frozenset[str] = frozenset()
    legacy: bool = False
    named: bool = False
    refuses: bool = False

    @classmethod
    def of(cls, asked: Parsed) -> "Manner":
        """As a request asked."""
        params = asked.params
        if not ASKING & params.keys():
            return PLAIN
        return cls(
            top=(params.get("top_logprobs") or 0) if params.get("logprobs") else None,
            custom=frozenset(tool.name for tool in asked.request.tools if tool.parameters is None),
            legacy=bool(params.get("functions")),
            named=names_one(params),
            refuses=asked.request.format is not None and asked.request.format.schema is not None,
        )

    def finish(self, choice: Choice) -> str:
        """Why a choice ends, in this API's words."""
        if choice.finish_reason is not FinishReason.TOOL_CALLS:
            return choice.finish_reason.value
        if self.legacy:
            return "function_call"
        return "stop" if self.named else "tool_calls"

    def likely(self, plan: Plan, index: int) -> list[Said]:
        """The probabilities of a choice's text, token by token; empty where none were asked for."""
        if self.top is None:
            return []
        stream = Source(plan.pod, plan.place).stream("logprobs", index)
        return logprobs(stream, plan.choices[index].pieces, self.top)


ASKING = frozenset({"logprobs", "tools", "functions", "response_format", "tool_choice"})
"""Keys of a request's params that change how a choice is told."""
PLAIN = Manner()


def whole(plan: Plan, index: int, manner: Manner) -> bytes:
    """The JSON of one choice."""
    choice = plan.choices[index]
    if manner is PLAIN and not choice.calls:
        return CHOICE % (index, orjson.dumps(choice.text), choice.finish_reason.encode())
    likely, refused = manner.likely(plan, index), choice.refused and manner.refuses
    return orjson.dumps(
        {
            "index": index,
            "message": message(choice, manner),
            "logprobs": told(likely, refused=refused) if manner.top is not None else None,
            "finish_reason": manner.finish(choice),
        }
    )


def message(choice: Choice, manner: Manner) -> dict[str, Any]:
    """The message of a choice."""
    refuses = choice.refused and manner.refuses
    said: dict[str, Any] = {
        "role": "assistant",
        "content": None if refuses or (choice.calls and not choice.pieces) else choice.text,
        "refusal": choice.text if refuses else None,
        "annotations": [],
    }
    if choice.calls and manner.legacy:
        said["function_call"] = {"name": choice.calls[0].name, "arguments": choice.calls[0].arguments}
    elif choice.calls:
        said["tool_calls"] = [called(call, call.arguments, manner) for call in choice.calls]
    return said


def called(call: Call, arguments: str, manner: Manner) -> dict[str, Any]:
    """A call, with as much of its arguments as is said."""
    if call.name in manner.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": call.name, "input": arguments}}
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def told(likely: Sequence[Said], *, refused: bool) -> dict[str, Any]:
    """Probabilities as a response says them; `refused`: those of a refusal that stands in a place of its own."""
    content = [
        {
            "token": one.token,
            "logprob": one.logprob,
            "bytes": one.bytes,
            "top_logprobs": [
                {"token": other.token, "logprob": other.logprob, "bytes": other.bytes} for other in one.top
            ],
        }
        for one in likely
    ]
    return {"content": None, "refusal": content} if refused else {"content": content, "refusal": None}
