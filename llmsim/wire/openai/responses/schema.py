"""What `POST /v1/responses` accepts, as data, and in which order its faults are found.

Pure. The order is the live API's (pairs of faults were sent to it to see which one wins): the model, whether there is
input, unknown keys, the keys in the order of the rows, what the server remembers, an empty input. What only a model
refuses comes last of all (`models`). Another key is another row.
"""

from collections.abc import Mapping
from typing import Any

import attrs

from llmsim.wire.openai import errors
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses.items_schema import INPUT, METADATA
from llmsim.wire.openai.responses.tools import TOOL_CHOICE, TOOLS, check_choice, check_schemas
from llmsim.wire.openai.spelling import unknown_key
from llmsim.wire.openai.strict_schemas import check_reply
from llmsim.wire.openai.validation import Flag, Items, Kind, Number, Table, Tagged, Text, check_keys, opened

INTEGER_MOST = 2**63 - 1
INCLUDABLE = (
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)
_INCLUDABLE = Text(INCLUDABLE)
EFFORTS = ("none", "minimal", "low", "medium", "high", "xhigh", "max")


@attrs.frozen
class Including:
    """The array of what a response is to include."""

    each: Text = _INCLUDABLE

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return isinstance(value, list) and all(map(self.each.accepts, value))

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if not isinstance(value, list):
            short = [responses_errors.shortened(name) for name in self.each.known]
            raise errors.wrong_type(param, f"an array of one of {errors.listed(short, 'or')}", value)
        for index, one in enumerate(value):
            self.each.check(f"{param}[{index}]", one)


@attrs.frozen
class Effort:
    """How much is to be thought; what is expected depends on what came instead, as in the live API."""

    known: tuple[str, ...] = EFFORTS

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return isinstance(value, str) and value in self.known

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if self.accepts(value):
            return
        if isinstance(value, str):
            raise errors.wrong_value(param, value, self.known)
        if isinstance(value, int) and not isinstance(value, bool):
            expected = f"one of {errors.listed(('minimal', 'low', 'medium', 'high'), 'or')}"
        else:
            expected = f"one of one of {errors.listed(self.known, 'or')} or integer"
        raise errors.wrong_type(param, expected, value)


@attrs.frozen
class Named:
    """Something by its id, or an object that has the id."""

    table: Table

    def accepts(self, value: Any) -> bool:  # noqa: ANN401
        return isinstance(value, str) or self.table.accepts(value)

    def check(self, param: str, value: Any) -> None:  # noqa: ANN401
        if isinstance(value, str):
            return
        if not isinstance(value, dict):
            raise errors.wrong_type(param, "one of a string or object", value)
        self.table.check(param, value)


FORMATS = Tagged(
    "type",
    {
        "json_object": Table(),
        "text": Table(),
        "json_schema": Table(
            {"name": Text(filled=True), "schema": Table(), "description": Text(), "strict": Flag()},
            ("name", "schema"),
        ),
    },
)
TEXT = Table({"format": FORMATS, "verbosity": Text(("low", "medium", "high"))}, closed=True)
REASONING = Table(
    {
        "effort": Effort(),
        "summary": Text(("concise", "detailed", "auto")),
        "context": Text(("auto", "current_turn", "all_turns")),
        "mode": Text(("standard", "pro")),
    },
    closed=True,
)
CACHING = Table(
    {
        "mode": Text(("implicit", "explicit")),
        "ttl": Text(("30m", "12h")),
        "comparison_response_id": Text(),
        "prewarm": Flag(),
    },
    closed=True,
)
COMPACTING = Items(
    Table({"type": Text(filled=True), "compact_threshold": Number(least=1000, most=INTEGER_MOST)}, ("type",)), least=1
)
KEYS: Mapping[str, Kind] = {
    "input": INPUT,
    "moderation": Table(),
    "include": Including(),
    "tools": TOOLS,
    "tool_choice": TOOL_CHOICE,
    "metadata": METADATA,
    "text": TEXT,
    "temperature": Number(least=0, most=2, decimal=True),
    "top_p": Number(least=0, most=1, decimal=True),
    "presence_penalty": Number(least=-2, most=2, decimal=True),
    "frequency_penalty": Number(least=-2, most=2, decimal=True),
    "parallel_tool_calls": Flag(),
    "stream": Flag(),
    "stream_options": Table({"include_obfuscation": Flag()}, closed=True),
    "background": Flag(),
    "background_options": Table({"completion_window": Text(("soonest", "2h", "8h")), "continuation_id": Text()}),
    "max_output_tokens": Number(least=16, most=INTEGER_MOST),
    "max_tool_calls": Number(least=1, most=INTEGER_MOST),
    "reasoning": REASONING,
    "user": Text(),
    "safety_identifier": Text(longest=64),
    "prompt_cache_options": CACHING,
    "prompt_cache_key": Text(longest=64),
    "prompt_cache_retention": Text(("in_memory", "24h")),
    "truncation": Text(("auto", "disabled")),
    "instructions": Text(),
    "store": Flag(),
    "service_tier": Text(("auto", "default", "fast", "flex", "priority"), unlisted=("scale", "ultrafast")),
    "top_logprobs": Number(least=0, most=20),
    "context_management": COMPACTING,
    "access_programs": Table(),
    "image": Table(),
    "previous_response_id": Text(),
    "conversation": Named(Table({"id": Text()}, ("id",), closed=True)),
    "prompt": Table({"id": Text(), "version": Text(), "variables": Table()}, ("id",)),
}
OPEN_KEYS: Mapping[str, Kind] = opened(KEYS)
MODEL: Mapping[str, Kind] = {"model": Text()}
KNOWN = (*KEYS, "model")


def check_responses(body: Mapping[str, Any], *, lenient: bool = False, sourced: bool = True) -> None:
    """Look at a whole request. `lenient`: unknown keys are accepted; `sourced`: there must be input.

    Raises:
        ClientError: the first fault.
    """
    for key in ("model", "input") if sourced else ("model",):
        if key not in body:
            raise errors.missing(key)
        if body[key] is None:
            raise responses_errors.null(key)
    check_keys(body, MODEL)
    if not body["model"]:
        raise responses_errors.unknown_model("")
    if not lenient:
        refuse_unknown(body)
    check_keys(body, OPEN_KEYS if lenient else KEYS)
    check_said(body)
    check_history(body)
    if body.get("prompt") is not None:
        raise responses_errors.prompt_not_found(body["prompt"]["id"])


def refuse_unknown(body: Mapping[str, Any]) -> None:
    """Look for keys that are not known.

    Raises:
        ClientError: the first one.
    """
    for key in body:
        if key in responses_errors.MOVED:
            raise responses_errors.moved(key)
        if key not in KNOWN:
            raise unknown_key(key, [name for name in KNOWN if name not in body])


def check_said(body: Mapping[str, Any]) -> None:
    """Look whether tools, what is chosen of them, and the schema of the reply are such as are taken.

    Raises:
        ClientError: the first fault.
    """
    tools = body.get("tools") or ()
    check_schemas(tools)
    check_choice(body.get("tool_choice"), tools)
    wanted = (body.get("text") or {}).get("format") or {}
    if wanted.get("type") == "json_schema":
        check_reply(wanted["name"], wanted["schema"], "text.format.schema", strict=wanted.get("strict") is True)


def check_history(body: Mapping[str, Any]) -> None:
    """Look whether at most one history is named.

    Raises:
        ClientError: two are.
    """
    if body.get("conversation") is not None and body.get("previous_response_id") is not None:
        raise responses_errors.both_histories()
