"""Which tools are called: where the text needs them, where they are chosen, never after results."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.simulation import calls
from llmsim.simulation.draws import Source
from llmsim.turn import ROOT, Choosing, Message, Place, Pod, Role, Tool, ToolCall, ToolChoice, TurnRequest

TEXT, WHOLE, NUMBER = {"type": "string"}, {"type": "integer"}, {"type": "number"}


def tool(name: str, description: str = "", **properties: Any) -> Tool:  # noqa: ANN401
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return Tool(name, description, schema)


WEATHER = tool("get_weather", "Get the current weather in a city.", city=TEXT)
TOOLS = (
    WEATHER,
    tool("search_web", "Search the web for information.", query=TEXT),
    tool("calculator", "Evaluates arithmetic.", expression=TEXT),
    tool("add", "Add two numbers.", a=NUMBER, b=NUMBER),
    tool("get_current_time", "The time in a timezone.", timezone=TEXT),
    tool("lookup_order", "Look up the delivery status of a customer order.", order_id=WHOLE),
)


def made(
    text: str,
    *tools: Tool,
    choice: ToolChoice = ToolChoice(),  # noqa: B008  (frozen)
    after: tuple[Message, ...] = (),
    plausibly: bool = True,
) -> list[tuple[str, Any]]:
    messages = (Message(Role.USER, text), *after)
    request = TurnRequest("m", messages, bytes(16), tools=tools or TOOLS, tool_choice=choice)
    source = Source(Pod(1, 0), Place("s", 1, ROOT))
    found = calls.wanted(request, messages, source, (0,), plausibly=plausibly)
    return [(call.name, orjson.loads(call.arguments)) for call in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is the weather in Paris?", [("get_weather", {"city": "Paris"})]),
        ("Weather in Paris and London?", [("get_weather", {"city": "Paris"}), ("get_weather", {"city": "London"})]),
        ("Search for 'red shoes'", [("search_web", {"query": "red shoes"})]),
        ("What is 12 * 3?", [("calculator", {"expression": "12 * 3"})]),
        ("Please add 3 and 5", [("add", {"a": 3, "b": 5})]),
        ("What time is it in Tokyo?", [("get_current_time", {"timezone": "Tokyo"})]),
        ("When is the delivery of my order 991?", [("lookup_order", {"order_id": 991})]),
        (
            "Use get_weather for Rome, then search_web for 'pizza'",
            [("get_weather", {"city": "Rome"}), ("search_web", {"query": "pizza"})],
        ),
        ("Hello!", []),
        ("What is my name?", []),
        ("Tell me about the sea.", []),
        ("", []),
    ],
)
def test_tool_is_called_where_the_text_needs_it(text: str, expected: list[tuple[str, Any]]) -> None:
    assert made(text) == expected


DESK = (
    tool("get_weather", "Get the current weather for a location", location=TEXT),
    tool(
        "create_calendar_event",
        "Create an event in the user's calendar",
        title=TEXT,
        start={"type": "string", "format": "date-time"},
        attendees={"type": "array", "items": TEXT},
    ),
    tool("list_calendar_events", "List events in a date range", start_date=TEXT),
    tool("add_to_cart", "Add a product to the shopping cart", product_id=TEXT, quantity=WHOLE),
    tool("calculator", "Evaluate a mathematical expression", expression=TEXT),
    tool("read_file", "Read the contents of a file", path=TEXT),
    tool("write_file", "Write content to a file", path=TEXT, content=TEXT),
    tool("get_stock_price", "Get the latest price of a stock", ticker=TEXT),
)
MEETING = {"title": "Standup", "start": "2026-12-01T09:30:00Z", "attendees": ["Bob", "Carol"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What's it like in San Francisco, CA? Is it raining?", [("get_weather", {"location": "San Francisco, CA"})]),
        (
            'Schedule a meeting with Bob and Carol on 2026-12-01 at 09:30 titled "Standup".',
            [("create_calendar_event", MEETING)],
        ),
        ("What is on my calendar on 2026-12-01?", [("list_calendar_events", {"start_date": "2026-12-01"})]),
        ("Add 3 of product SKU-99 to my cart", [("add_to_cart", {"product_id": "SKU-99", "quantity": 3})]),
        ("Read the file src/main.py and tell me what it does", [("read_file", {"path": "src/main.py"})]),
        (
            'Write "hello world" to notes.txt',
            [("write_file", {"path": "notes.txt", "content": "hello world"})],
        ),
        (
            "Compare the weather in Paris and the AAPL stock price.",
            [("get_weather", {"location": "Paris"}), ("get_stock_price", {"ticker": "AAPL"})],
        ),
        ("Call me on 2026-12-01.", []),
        ("What do you have to say to that?", []),
    ],
)
def test_of_many_tools_those_are_called_that_fit_by_words_of_their_own(
    text: str, expected: list[tuple[str, Any]]
) -> None:
    assert made(text, *DESK) == expected


def test_choice_decides_whether_and_which() -> None:
    assert made("What is the weather in Paris?", choice=ToolChoice(Choosing.NONE)) == []
    assert [name for name, _ in made("Hello", choice=ToolChoice(Choosing.REQUIRED))] == ["get_weather"]
    assert [name for name, _ in made("Hello", choice=ToolChoice(Choosing.REQUIRED, ("add",)))] == ["add"]
    assert made("What is the weather in Paris?", choice=ToolChoice(names=("add",))) == []
    assert made("What is the weather in Paris?", plausibly=False) == []


def test_one_call_is_made_where_they_are_not_parallel() -> None:
    choice = ToolChoice(parallel=False)
    assert made("Weather in Paris and London?", choice=choice) == [("get_weather", {"city": "Paris"})]
    assert len(made("Use get_weather for Rome, then search_web for 'pizza'", choice=choice)) == 1


def test_calls_of_one_reply_are_bounded() -> None:
    cities = ", ".join(f"A{chr(97 + at)}town" for at in range(20))
    assert len(made(f"Weather in {cities}?")) <= calls.MOST


def test_after_results_none_is_called_unless_it_must_be() -> None:
    call = ToolCall("call_1", "get_weather", '{"city":"Paris"}')
    after = (Message(Role.ASSISTANT, "", tool_calls=(call,)), Message(Role.TOOL, "sunny", tool_call_id="call_1"))
    assert made("Weather in Paris?", after=after) == []
    assert len(made("Weather in Paris?", after=after, choice=ToolChoice(Choosing.REQUIRED))) == 1
    assert calls.answered(after)
    assert list(calls.results(after)) == [(call, after[1])]


def test_tool_that_takes_text_gets_text() -> None:
    free = Tool("run_code", "Runs code.", None)
    request = TurnRequest("m", (Message(Role.USER, "Run `print(1)`"),), bytes(16), tools=(free,))
    [call] = calls.wanted(request, request.messages, Source(Pod(1, 0), Place("s", 1, ROOT)), (0,), plausibly=True)
    assert call.arguments == "print(1)"


@given(st.text(max_size=300), st.sampled_from(Choosing))
def test_any_text_makes_calls_of_offered_tools_with_objects(text: str, how: Choosing) -> None:
    for name, arguments in made(text, choice=ToolChoice(how)):
        assert name in {one.name for one in TOOLS}
        assert isinstance(arguments, dict)
