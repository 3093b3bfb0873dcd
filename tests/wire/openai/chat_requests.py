"""Chat requests that end in every way, and what a server says to them: planned as it plans, whole and as events."""

from typing import Any

import orjson
from hypothesis import strategies as st

from llmsim.simulation.plan import plan_turn
from llmsim.simulation.tokens import Estimator
from llmsim.turn import Place, Pod
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import CHAT
from tests.pods import PROFILES
from tests.wire.chat_streams import Heard

PARAMETERS = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}
FUNCTION = {"name": "get_weather", "description": "The weather in a city.", "parameters": PARAMETERS}
TOOLS = [
    {"type": "function", "function": {**FUNCTION, "strict": True}},
    {"type": "custom", "custom": {"name": "run_code", "description": "Runs code."}},
]
SCHEMA = {"type": "json_schema", "json_schema": {"name": "x", "strict": True, "schema": PARAMETERS}}
NAMED = {"type": "function", "function": {"name": "get_weather"}}
CALL = {"role": "user", "content": "What is the weather in Paris and in Tokyo?"}
CODE = {"role": "user", "content": "Run code that adds 2 and 2."}
REFUSE = {"role": "user", "content": "Please refuse this request."}
ASK = {"role": "user", "content": "In one sentence, what is a tree?"}
ASSISTANT = {"id": "c", "type": "function", "function": {"name": "get_weather", "arguments": "{}"}}
ROUND = [
    CALL,
    {"role": "assistant", "tool_calls": [ASSISTANT]},
    {"role": "tool", "tool_call_id": "c", "content": '{"sky": "clear"}'},
]
CHOICES = st.sampled_from(["none", "auto", "required", NAMED])
OLDER = st.sampled_from(["auto", "none", {"name": "get_weather"}])
USING: st.SearchStrategy[dict[str, Any]] = st.one_of(
    st.just({}),
    st.fixed_dictionaries(
        {"tools": st.just(TOOLS)}, optional={"tool_choice": CHOICES, "parallel_tool_calls": st.booleans()}
    ),
    st.fixed_dictionaries({"functions": st.just([FUNCTION])}, optional={"function_call": OLDER}),
)
MODELS = st.just({"model": "gpt-5-mini", "reasoning_effort": "low"}) | st.fixed_dictionaries(
    {"model": st.just("gpt-4o-mini")},
    optional={"stop": st.sampled_from([["."], ["a", '"']]), "logprobs": st.just(value=True)},
)
COMMON: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"messages": st.sampled_from([[CALL], [CODE], [REFUSE], [ASK], ROUND])},
    optional={
        "n": st.integers(1, 3),
        "max_completion_tokens": st.integers(1, 60),
        "response_format": st.sampled_from([SCHEMA, {"type": "text"}]),
        "seed": st.integers(0, 5),
        "stream_options": st.fixed_dictionaries(
            {}, optional={"include_usage": st.booleans(), "include_obfuscation": st.booleans()}
        ),
    },
)
REQUESTS = st.builds(lambda *parts: {key: part[key] for part in parts for key in part}, COMMON, MODELS, USING)


def answered(request: Parsed) -> tuple[dict[str, Any], list[bytes]]:
    """What a server says to a request: whole, and as events."""
    profile, turn = PROFILES.for_model(request.request.model) or PROFILES.default, request.request
    place = Place("s", 1, bytes(16))
    plan = plan_turn(profile, Pod(1, 2), place, turn, turn.messages, created_s=0, script=None, counter=Estimator())
    return orjson.loads(CHAT.whole(plan, request)), [frame.data for frame in CHAT.frames(plan, request)]


def said(body: dict[str, Any]) -> list[Heard]:
    """The choices of a whole response, as those of a stream that was heard."""
    found = []
    for choice in body["choices"]:
        message = choice["message"]
        calls = [call[call["type"]] for call in message.get("tool_calls", ())]
        calls += [message["function_call"]] if "function_call" in message else []
        told = [[call["name"], call.get("arguments", call.get("input"))] for call in calls]
        found.append(Heard("ended", message["content"] or "", message["refusal"] or "", told, choice["finish_reason"]))
    return found
