"""What a model refuses that others take: the last of the faults of a Responses request, once its model is known.

Pure. A model that reasons takes no sampling parameters and says no probabilities, unless it is told not to reason.
Source: direct probes of the live API (gpt-5.6-terra), and OpenAI's guide to its reasoning models.
"""

import re
from collections.abc import Mapping
from typing import Any

from llmsim.errors import ClientError
from llmsim.profile import DEFAULT, Profile
from llmsim.wire.openai.responses.output import LOGPROBS

SAMPLING: Mapping[str, float] = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0}
"""Parameters that a model refuses while it reasons, in the order in which it does, and what it takes all the same."""
NO_LOGPROBS = "logprobs are not supported with reasoning models."
REASONS = re.compile(r"gpt-[5-9]|o[1-9]")
"""How the names of OpenAI's models that reason begin."""


def check_model(params: Mapping[str, Any], profile: Profile) -> None:
    """Look whether the model that this profile is takes the request.

    Raises:
        ClientError: the first parameter that it does not.
    """
    effort = params["reasoning"]["effort"]
    if profile.reasoning is None:
        if effort not in (None, "none") and profile.name != DEFAULT and not REASONS.match(params["model"]):
            raise unsupported("reasoning.effort", code="unsupported_parameter")
        return
    if (effort or profile.reasoning.effort) == "none":
        return
    for key, neutral in SAMPLING.items():
        if params[key] is not None and params[key] != neutral:
            raise unsupported(key)
    for key, wanted in (("include", LOGPROBS in params["include"]), ("top_logprobs", params["top_logprobs"] > 0)):
        if wanted:
            raise ClientError(NO_LOGPROBS, param=key, code="unsupported_parameter")


def unsupported(param: str, code: str | None = None) -> ClientError:
    """A parameter that a model does not take."""
    text = f"Unsupported parameter: '{param}' is not supported with this model."
    return ClientError(text, param=param, code=code)
