"""What is said of the results of tools: their values, each of its call."""

import pytest

from llmsim.simulation.speech.results import TEXT_CHARS, told, values
from llmsim.turn import Message, Role, ToolCall


def answered(*results: str, named: bool = True) -> tuple[Message, ...]:
    made = tuple(
        ToolCall(f"call_{at}" if named else "", "get_weather", f'{{"city":"{city}"}}')
        for at, city in zip(range(len(results)), ("Paris", "Rome", "Oslo"), strict=False)
    )
    said = [Message(Role.TOOL, text, tool_call_id=f"call_{at}" if named else None) for at, text in enumerate(results)]
    return (Message(Role.USER, "And?"), Message(Role.ASSISTANT, "", tool_calls=made), *said)


@pytest.mark.parametrize(
    ("results", "text"),
    [
        (['{"sky":"clear","degrees":21}'], "For Paris: the sky is clear, the degrees are 21."),
        (["sunny", "rainy"], "For Paris: sunny. For Rome: rainy."),
        (['{"wind":{"speed":3}}'], "For Paris: the wind speed is 3."),
        (["[1,2]"], "For Paris: 1, 2."),
        (["21"], "For Paris: The result is 21."),
        ([""], "For Paris: The result of get_weather is empty."),
        (["Nice!"], "For Paris: Nice!"),
    ],
)
def test_results_are_told_each_of_its_call(results: list[str], text: str) -> None:
    assert told(answered(*results)) == text
    assert told(answered(*results, named=False)) == text


def test_result_without_a_call_is_told_alone() -> None:
    assert told((Message(Role.TOOL, "sunny", tool_call_id="x"),)) == "sunny."
    assert told((Message(Role.TOOL, "", tool_call_id="x"),)) == "The tool gave no result."


def test_long_results_are_told_by_their_beginning() -> None:
    assert len(told(answered("word " * 10_000))) < TEXT_CHARS + 50
    assert len(values(answered("word " * 10_000, "x" * 10_000))) < 2 * TEXT_CHARS + 5
