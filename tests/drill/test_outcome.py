"""What was lost, how old it was, and whether that is good enough."""

import pytest

from llmsim.drill.outcome import Acknowledged, Limits, Outcome, lost_of, rpo_s

TOLD = [Acknowledged("a", 1, "one", 1.0), Acknowledged("b", 1, "two", 2.0), Acknowledged("a", 1, "three", 3.0)]


def test_lost_is_what_was_acknowledged_and_is_not_stored() -> None:
    stored = {("a", 1, "one"), ("b", 1, "two"), ("a", 1, "three"), ("c", 1, "never acknowledged")}
    assert lost_of(TOLD, stored) == []
    assert lost_of(TOLD, stored - {("a", 1, "three"), ("b", 1, "two")}) == TOLD[1:]
    assert lost_of(TOLD, {("b", 1, "one"), ("a", 2, "one")}) == TOLD


def test_rpo_is_the_age_of_the_oldest_lost_turn() -> None:
    assert rpo_s([], 10.0) == 0.0
    assert rpo_s(TOLD[1:], 3.5) == 1.5


@pytest.mark.parametrize(
    ("limits", "problems"),
    [
        (Limits(), ()),
        (Limits(2.0, 5.0), ()),
        (Limits(1.0, 5.0), ("RPO of 1.50 s is more than 1 s",)),
        (Limits(1.0, 0.5), ("RPO of 1.50 s is more than 1 s", "RTO of 4.00 s is more than 0.5 s")),
    ],
)
def test_outcome_beyond_a_limit_has_failed(limits: Limits, problems: tuple[str, ...]) -> None:
    judged = Outcome("volume-loss", rpo_s=1.5, rto_s=4.0).judged(limits)
    assert (judged.problems, judged.passed) == (problems, not problems)
    assert Outcome("rollback").judged(limits).passed, "what is not measured exceeds nothing"
