"""A short run of the fuzzer for each parser; `nox -s fuzz` makes a million bodies for each."""

import orjson
import pytest

from tests.fuzz.bodies import body
from tests.fuzz.parsers import PARSERS, Parser
from tests.fuzz.run import many, one

BODIES = 1_500


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_samples_are_requests(name: str) -> None:
    for sample in PARSERS[name].samples:
        PARSERS[name].parse(orjson.dumps(sample))


@pytest.mark.parametrize("name", sorted(PARSERS))
def test_any_body_is_a_request_or_a_client_error(name: str) -> None:
    found = many(name, 0, BODIES)
    assert [what for what in found if what.startswith("FAULT")] == []
    assert found["request"] > BODIES // 100
    assert found.total() == BODIES


def test_bodies_are_the_same_each_time_and_others_by_number() -> None:
    samples = PARSERS["openai.chat"].samples
    bodies = [body(samples, "openai.chat", number) for number in range(200)]
    assert bodies == [body(samples, "openai.chat", number) for number in range(200)]
    assert len(set(bodies)) > 150


def test_exception_of_a_parser_is_a_fault_with_its_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_body: bytes) -> object:
        raise KeyError("role")

    monkeypatch.setitem(PARSERS, "openai.chat", Parser(broken, PARSERS["openai.chat"].samples))
    assert one("openai.chat", 7).startswith("FAULT openai.chat 7: KeyError('role')")
