"""How likely tokens were is told to who asks: whole and streamed alike, with as many alternatives as asked for."""

import math
from typing import Any

import orjson
import pytest

from llmsim.simulation.plan import Plan
from tests.wire.gemini.asks import EVENTS, WIRE, parsed
from tests.wire.gemini.streams import responses
from tests.wire.plans import plan_of

PIECES = tuple(f" {number}" for number in range(20))


def whole(plan: Plan, **config: object) -> dict[str, Any]:
    found: dict[str, Any] = orjson.loads(WIRE.whole(plan, parsed(generationConfig=config)))["candidates"][0]
    return found


def test_nobody_is_told_who_does_not_ask() -> None:
    assert not whole(plan_of(PIECES)).keys() & {"logprobsResult", "avgLogprobs"}


@pytest.mark.parametrize("count", [0, 1, 5])
def test_each_token_has_its_figure_and_its_alternatives(count: int) -> None:
    told = whole(plan_of(PIECES), responseLogprobs=True, logprobs=count)
    chosen = told["logprobsResult"]["chosenCandidates"]
    assert [one["token"] for one in chosen] == list(PIECES)
    assert told["avgLogprobs"] == pytest.approx(sum(one["logProbability"] for one in chosen) / len(PIECES))
    tops = [top["candidates"] for top in told["logprobsResult"].get("topCandidates", ())]
    assert [len(top) for top in tops] == [count] * len(PIECES) * (count > 0)
    for top in tops:
        assert sum(math.exp(one["logProbability"]) for one in top) <= 1 + 1e-6


def test_a_stream_tells_the_same_in_its_responses() -> None:
    plan = plan_of(PIECES)
    config = {"responseLogprobs": True, "logprobs": 2}
    frames = [frame.data for frame in EVENTS.frames(plan, parsed(EVENTS, generationConfig=config))]
    told = [response["candidates"][0] for response in responses(frames, events=True)]
    expected = whole(plan, **config)
    for key in ("chosenCandidates", "topCandidates"):
        assert [one for part in told for one in part["logprobsResult"][key]] == expected["logprobsResult"][key]
    assert ["avgLogprobs" in one for one in told] == [False] * (len(told) - 1) + [True]
    assert told[-1]["avgLogprobs"] == expected["avgLogprobs"]


def test_nothing_said_has_no_figures() -> None:
    assert not whole(plan_of(()), responseLogprobs=True).keys() & {"logprobsResult", "avgLogprobs"}
