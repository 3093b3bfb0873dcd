"""What a model refuses in a chat request: the last of its faults, once the model is known.

Pure. No model is asked for more than it can say. One that reasons takes no sampling parameters, says no probabilities,
and counts its limit in completion tokens, unless it is told not to reason. Source: OpenAI's guide to reasoning models;
recorded refusals.
"""

from collections.abc import Mapping
from typing import Any

from llmsim.errors import ClientError
from llmsim.profile import DEFAULT, Profile
from llmsim.wire.openai.responses.models import REASONS, unsupported

OF_SAMPLING = ("temperature", "top_p", "presence_penalty", "frequency_penalty", "logit_bias")
NEUTRAL: Mapping[str, Any] = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
"""What such a model takes all the same."""


def check_model(params: Mapping[str, Any], profile: Profile) -> None:
    """Look whether the model that this profile is takes the request.

    Raises:
        ClientError: the first parameter that it does not.
    """
    _check_reasoning(params, profile)
    _check_limit(params, profile)


def _check_reasoning(params: Mapping[str, Any], profile: Profile) -> None:
    """What a model that reasons does not take, and one that does not reason."""
    effort = params.get("reasoning_effort")
    if profile.reasoning is None:
        if effort not in (None, "none") and profile.name != DEFAULT and not REASONS.match(params["model"]):
            text = "Unrecognized request argument supplied: reasoning_effort"
            raise ClientError(text)
        return
    if (effort or profile.reasoning.effort) == "none":
        return
    if params.get("limited") == "max_tokens":
        text = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        raise ClientError(text, param="max_tokens", code="unsupported_parameter")
    if params["stop"]:
        raise unsupported("stop", code="unsupported_parameter")
    for key in ("logit_bias", "logprobs", "top_logprobs"):
        if params.get(key):
            raise unsupported(key, code="unsupported_parameter")
    for key, neutral in NEUTRAL.items():
        value = params.get(key)
        if value is not None and value != neutral:
            raise ClientError(
                f"Unsupported value: '{key}' does not support {value} with this model. "
                f"Only the default ({neutral}) value is supported.",
                param=key,
                code="unsupported_value",
            )


def _check_limit(params: Mapping[str, Any], profile: Profile) -> None:
    """No model says more than it can."""
    wanted = params["max_tokens"]
    if wanted is not None and wanted > profile.max_output and profile.name != DEFAULT:
        raise ClientError(
            f"max_tokens is too large: {wanted}. This model supports at most {profile.max_output} completion tokens, "
            f"whereas you provided {wanted}.",
            param=params.get("limited", "max_completion_tokens"),
            code="invalid_value",
        )
