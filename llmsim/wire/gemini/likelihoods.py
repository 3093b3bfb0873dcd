"""How likely the tokens of a candidate were, as Gemini tells it: `logprobsResult` and `avgLogprobs`.

Pure. Told where a request asks for it (`responseLogprobs`), of the text alone; with `logprobs` that many alternatives
for each token. In a stream each response tells of its own tokens.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from llmsim.simulation.draws import Source
from llmsim.simulation.logprobs import Likely, Said, logprobs
from llmsim.simulation.plan import Choice, Plan


def likelihoods(plan: Plan, params: Mapping[str, Any], index: int, choice: Choice) -> list[Said] | None:
    """Those of a candidate's tokens; None where nobody asks."""
    if params["logprobs"] is None:
        return None
    stream = Source(plan.pod, plan.place).stream("logprobs", index, params["model"], params["seed"])
    return logprobs(stream, choice.pieces, params["logprobs"])


def result(said: Sequence[Said]) -> dict[str, Any]:
    """What one response says of these tokens; nothing where there are none."""
    if not said:
        return {}
    found: dict[str, Any] = {"chosenCandidates": [_candidate(one) for one in said]}
    if said[0].top:
        found = {"topCandidates": [{"candidates": [_candidate(other) for other in one.top]} for one in said], **found}
    return {"logprobsResult": found}


def average(said: Sequence[Said]) -> dict[str, float]:
    """The mean of all tokens, which the last response says; nothing where there are none."""
    return {"avgLogprobs": sum([one.logprob for one in said]) / len(said)} if said else {}


def _candidate(one: Likely) -> dict[str, Any]:
    return {"token": one.token, "logProbability": one.logprob}
