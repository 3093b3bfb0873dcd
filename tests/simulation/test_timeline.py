"""Timelines: which step a token falls to."""

import pytest

from llmsim.simulation.timeline import Timeline


@pytest.mark.parametrize(("token", "due_us"), [(-1, 0), (0, 0), (1, 10), (2, 30), (3, 30), (99, 30)])
def test_due_of_a_token_is_its_step_or_the_last(token: int, due_us: int) -> None:
    assert Timeline((10, 30)).due_us(token) == due_us


def test_timeline_names_its_first_and_last_step() -> None:
    assert (Timeline((10, 30)).ttft_us, Timeline((10, 30)).total_us) == (10, 30)
    assert (Timeline(()).ttft_us, Timeline(()).total_us) == (0, 0)
