"""`docs/recognised.md` is true: each of its examples is put to the simulation, and its lists are those of the code."""

import re
from pathlib import Path

import pytest

from llmsim.distributions import Constant
from llmsim.profile import Latency, Profile
from llmsim.simulation.moderation import CATEGORIES, REFUSED
from llmsim.simulation.plan import Choice, plan_turn
from llmsim.simulation.tokens import Estimator
from llmsim.turn import Message, Pod, Role, TurnRequest, place_of

DOCUMENT = (Path(__file__).parent.parent / "docs" / "recognised.md").read_text()
EXAMPLES = [
    example
    for block in re.findall(r"^```talk\n(.*?)^```", DOCUMENT, re.MULTILINE | re.DOTALL)
    for example in block.strip().split("\n\n")
]
PROFILE = Profile("p", "", 100_000, 10_000, Constant(60), Latency(Constant(0), Constant(0)))
SEEDS = range(5)


def answered(lines: list[str], seed: int) -> Choice:
    """The reply to these lines, each a role and what is said."""
    messages = tuple(Message(Role(role), text) for role, _, text in (line.partition(": ") for line in lines))
    request = TurnRequest("m", messages, bytes(16))
    place = place_of("s", messages)
    plan = plan_turn(PROFILE, Pod(seed, 0), place, request, messages, created_s=0, counter=Estimator())
    return plan.choices[0]


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
def test_example_is_true(example: str) -> None:
    *lines, last = example.splitlines()
    for seed in SEEDS:
        assert fits(answered(lines, seed).text, last[0], last[2:])


def fits(text: str, sign: str, expected: str) -> bool:
    """Whether a reply is as an example says."""
    match sign:
        case "=":
            return text == expected
        case ">":
            return text.startswith(expected)
        case "~":
            return re.fullmatch(expected, text) is not None
    raise LookupError(sign)


def test_there_are_examples_of_every_part() -> None:
    parts = re.split(r"^## ", DOCUMENT, flags=re.MULTILINE)[1:]
    assert [part.splitlines()[0] for part in parts if "```talk" in part][:4] == [
        "Instructions",
        "Courtesies",
        "Facts and questions",
        "Refusals and moderation",
    ]
    assert len(EXAMPLES) >= 20


def test_categories_are_those_of_the_code() -> None:
    table = re.findall(r"^\|(.*)\|(.*)\|$", DOCUMENT.split("## Refusals and moderation")[1], re.MULTILINE)
    refused, flagged = (re.findall(r"`([\w/-]+)`", " ".join(row[column] for row in table)) for column in (0, 1))
    assert set(refused) == set(REFUSED)
    assert set(flagged) == set(CATEGORIES) - set(REFUSED)


def test_request_for_a_refusal_is_refused_and_a_bath_bomb_is_not() -> None:
    assert answered(["user: Please refuse this request."], 0).refused
    assert not answered(["user: How do I make a bath bomb?"], 0).refused
