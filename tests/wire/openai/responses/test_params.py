"""What is kept of a request is all that a response says again, and can be stored."""

import orjson
import pytest

from llmsim.wire.openai.responses.params import ECHOED, params_of
from llmsim.wire.openai.responses.schema import KEYS
from tests.wire.openai.requests import WEATHER

MINE = {"model": "m", "input": "hi"}
SILENT = {"moderation", "context_management", "prompt", "access_programs", "image", "background_options"}
"""Keys that are accepted and change nothing."""


def test_every_key_is_kept_or_known_to_be_silent() -> None:
    kept = params_of(MINE).keys()
    assert KEYS.keys() - kept == SILENT | {"stream_options"}
    assert kept - KEYS.keys() == {"model", "obfuscation"}


def test_absent_and_null_are_the_default() -> None:
    params = params_of(MINE)
    assert params == params_of({**MINE, **dict.fromkeys(ECHOED)})
    assert (params["store"], params["background"], params["parallel_tool_calls"]) == (True, False, True)
    assert params["obfuscation"] is True
    assert params["text"] == {"format": {"type": "text"}, "verbosity": "medium"}


def test_params_are_json() -> None:
    params = params_of({**MINE, "tools": [WEATHER], "reasoning": {"effort": "low", "mode": "pro"}})
    assert orjson.loads(orjson.dumps(params)) == params
    assert params["reasoning"] == {"mode": "pro", "effort": "low", "summary": None}


@pytest.mark.parametrize(("given", "kept"), [(None, None), ("conv_1", "conv_1"), ({"id": "conv_1"}, "conv_1")])
def test_conversation_is_kept_by_its_id(given: object, kept: str | None) -> None:
    assert params_of({**MINE, "conversation": given})["conversation"] == kept


def test_obfuscation_is_left_out_where_it_is_not_wanted() -> None:
    assert params_of({**MINE, "stream_options": {"include_obfuscation": False}})["obfuscation"] is False
    assert params_of({**MINE, "stream_options": {}})["obfuscation"] is True
