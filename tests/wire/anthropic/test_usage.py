"""What a cache gave and got: nothing without a breakpoint; with one, the plan's prefix, and the rest up to there."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation.plan import Choice
from llmsim.turn import FinishReason, Usage
from llmsim.wire.anthropic.usage import behind, cache_usage, counts, places_of, usage_of
from tests.wire.anthropic.plans import planned
from tests.wire.anthropic.requests import TOOL, asked, text, user

SAID = Choice(("a",), FinishReason.STOP)
SHORT, LONG = {"type": "ephemeral"}, {"type": "ephemeral", "ttl": "1h"}


@pytest.mark.parametrize(
    ("places", "prompt", "cached", "found"),
    [
        ({"chars": 10, "points": []}, 9003, 8000, (0, 0, 0)),
        ({"chars": 10, "points": [[10, "5m"]]}, 2003, 0, (0, 2000, 0)),
        ({"chars": 10, "points": [[10, "5m"]]}, 1002, 0, (0, 0, 0)),
        ({"chars": 10, "points": [[10, "5m"]]}, 2003, 1920, (1920, 80, 0)),
        ({"chars": 10, "points": [[5, "5m"]]}, 4003, 3840, (2000, 0, 0)),
        ({"chars": 10, "points": [[5, "1h"], [10, "5m"]]}, 4003, 0, (0, 2000, 2000)),
        ({"chars": 10, "points": [[5, "1h"], [10, "5m"]]}, 4003, 1024, (1024, 2000, 976)),
        ({"chars": 0, "points": [[0, "5m"]]}, 2003, 0, (0, 0, 0)),
    ],
)
def test_cache_gives_what_it_has_and_gets_the_rest(
    places: dict[str, Any], prompt: int, cached: int, found: tuple[int, int, int]
) -> None:
    assert cache_usage(Usage(prompt, 1, cached), places) == found


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.sampled_from(["5m", "1h"])), max_size=4),
    st.integers(0, 20_000),
    st.integers(0, 20_000),
)
def test_counts_add_up_to_the_prompt_whatever_the_breakpoints(
    found: list[tuple[int, str]], prompt: int, cached: int
) -> None:
    points = [list(point) for point in sorted(found)]
    plan = planned(SAID, prompt_tokens=prompt, cached_tokens=min(cached, prompt))
    told = counts(plan, {"cache": {"chars": 5000, "points": points}})
    assert sum(told.values()) == prompt
    assert min(told.values()) >= 0


def test_breakpoints_stand_where_they_are_in_the_prompt() -> None:
    body = {
        "tools": [TOOL | {"cache_control": LONG}],
        "system": [text("x" * 100, cache_control=LONG)],
        "messages": [user([text("y" * 50), text("z" * 50, cache_control=SHORT)]), user("w" * 100)],
    }
    tool = len(orjson.dumps(TOOL))
    found = places_of(body)
    assert found == {"chars": tool + 300, "points": [[tool, "1h"], [tool + 100, "1h"], [tool + 200, "5m"]]}
    assert places_of({**body, "cache_control": SHORT})["points"][-1] == [tool + 300, "5m"]
    assert behind(found, 1000)["points"][0] == [1000 + tool, "1h"]
    assert behind(found, 1000)["chars"] == 1000 + tool + 300


def test_usage_says_what_was_asked_for_besides() -> None:
    told = usage_of(planned(SAID), asked(inference_geo="us", speed="fast").params, 3)
    assert (told["output_tokens"], told["inference_geo"], told["speed"]) == (3, "us", "fast")
    plain = usage_of(planned(SAID), asked().params, 3)
    assert (plain["inference_geo"], plain["service_tier"]) == ("not_available", "standard")
    assert "speed" not in plain
