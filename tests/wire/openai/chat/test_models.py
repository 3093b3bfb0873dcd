"""What a model refuses in a chat request: more than it can say; one that reasons, what others take."""

from typing import Any

import attrs
import pytest

from llmsim.catalog import profiles_dir
from llmsim.errors import ClientError
from llmsim.profile import Profile, Profiles
from llmsim.wire.dialects import CHAT
from tests.wire.plans import asked

PROFILES = Profiles.load((), profiles_dir()).by_name
REASONS, PLAIN = PROFILES["gpt-5"], PROFILES["gpt-4o"]


@pytest.mark.parametrize(
    ("changes", "param", "code"),
    [
        ({"max_tokens": 5}, "max_tokens", "unsupported_parameter"),
        ({"stop": "a"}, "stop", "unsupported_parameter"),
        ({"logit_bias": {"1": 1}}, "logit_bias", "unsupported_parameter"),
        ({"logprobs": True}, "logprobs", "unsupported_parameter"),
        ({"temperature": 0.5}, "temperature", "unsupported_value"),
        ({"top_p": 0.5}, "top_p", "unsupported_value"),
        ({"presence_penalty": 1}, "presence_penalty", "unsupported_value"),
    ],
)
def test_reasoning_model_refuses_what_others_take(changes: dict[str, Any], param: str, code: str) -> None:
    parsed = asked(**changes)
    CHAT.check(parsed, PLAIN)
    with pytest.raises(ClientError) as said:
        CHAT.check(parsed, REASONS)
    assert (said.value.param, said.value.code) == (param, code)


def test_reasoning_model_takes_what_changes_nothing() -> None:
    CHAT.check(asked(temperature=1, top_p=1, max_completion_tokens=5), REASONS)
    CHAT.check(asked(reasoning_effort="none", temperature=0.5), REASONS)


def test_effort_is_refused_by_a_model_that_does_not_reason() -> None:
    parsed = asked(reasoning_effort="low")
    CHAT.check(attrs.evolve(parsed), REASONS)
    with pytest.raises(ClientError, match="reasoning_effort"):
        CHAT.check(parsed, PLAIN)


@pytest.mark.parametrize(
    ("key", "profile"), [("max_tokens", PLAIN), ("max_completion_tokens", PLAIN), ("max_completion_tokens", REASONS)]
)
def test_more_than_a_model_can_say_is_refused_by_the_key_that_asks_for_it(key: str, profile: Profile) -> None:
    CHAT.check(asked(**{key: profile.max_output}), profile)
    CHAT.check(asked(**{key: 10**9}), PROFILES["default"])
    with pytest.raises(ClientError, match=r"max_tokens is too large: 1000000\. This model supports at most") as said:
        CHAT.check(asked(**{key: 1_000_000}), profile)
    assert (said.value.param, said.value.code) == (key, "invalid_value")
