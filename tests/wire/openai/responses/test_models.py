"""What a model that reasons refuses, and one that does not; in the live API's sentences and order."""

from typing import Any

import attrs
import pytest

from llmsim.catalog import profiles_dir
from llmsim.errors import ClientError
from llmsim.profile import Effort, Profiles
from tests.wire.openai.requests import WIRE, asked

PROFILES = Profiles.load((), profiles_dir())
THINKS = PROFILES.by_name["gpt-5.6-sol"]
TALKS = PROFILES.by_name["gpt-4o-mini"]
LOGPROBS = ["message.output_text.logprobs"]
NOT_SAID = "logprobs are not supported with reasoning models."


def unsupported(param: str) -> tuple[str, str | None, str]:
    return param, None, f"Unsupported parameter: '{param}' is not supported with this model."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"temperature": 0.5}, unsupported("temperature")),
        ({"top_p": 0.5}, unsupported("top_p")),
        ({"presence_penalty": 0.5}, unsupported("presence_penalty")),
        ({"frequency_penalty": 0.5}, unsupported("frequency_penalty")),
        ({"top_logprobs": 1}, ("top_logprobs", "unsupported_parameter", NOT_SAID)),
        ({"include": LOGPROBS}, ("include", "unsupported_parameter", NOT_SAID)),
        ({"include": LOGPROBS, "top_logprobs": 1}, ("include", "unsupported_parameter", NOT_SAID)),
        ({"include": LOGPROBS, "temperature": 0.5}, unsupported("temperature")),
        ({"top_logprobs": 1, "temperature": 0.5}, unsupported("temperature")),
    ],
)
def test_model_that_reasons_refuses(changes: dict[str, Any], told: tuple[str, str | None, str]) -> None:
    with pytest.raises(ClientError) as refused:
        WIRE.check(asked(**changes), THINKS)
    assert (refused.value.param, refused.value.code, refused.value.message) == told
    WIRE.check(asked(**changes, reasoning={"effort": "none"}), THINKS)
    WIRE.check(asked(**changes), TALKS)


def test_model_that_reasons_takes_what_changes_nothing() -> None:
    WIRE.check(asked(temperature=1, top_p=1.0, presence_penalty=0, top_logprobs=0), THINKS)


def test_model_that_need_not_reason_refuses_nothing_until_it_is_told_to() -> None:
    assert THINKS.reasoning is not None
    calm = attrs.evolve(THINKS, reasoning=attrs.evolve(THINKS.reasoning, effort=Effort.NONE))
    WIRE.check(asked(temperature=0.5), calm)
    with pytest.raises(ClientError):
        WIRE.check(asked(temperature=0.5, reasoning={"effort": "low"}), calm)


def test_model_that_does_not_reason_refuses_an_effort() -> None:
    with pytest.raises(ClientError, match=r"^Unsupported parameter: 'reasoning\.effort'"):
        WIRE.check(asked(model="gpt-4o-mini", reasoning={"effort": "low"}), TALKS)
    WIRE.check(asked(model="gpt-4o-mini", reasoning={"effort": "none"}), TALKS)
    WIRE.check(asked(model="mine", reasoning={"effort": "low"}), PROFILES.default)
