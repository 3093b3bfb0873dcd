"""The wire as a whole: how it is made of a path, what it keeps, its headers, and that no bytes break it."""

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.gemini.generate import STREAM, WHOLE, Gemini
from llmsim.wire.gemini.requests import GENERATE
from tests.wire.gemini.asks import ARRAY, EVENTS, KEY, MODEL, WIRE, body, parsed, user
from tests.wire.plans import JSON_VALUES, plan_of

STANDARD = [
    ("vary", "Origin"),
    ("vary", "X-Origin"),
    ("vary", "Referer"),
    ("server", "scaffolding on HTTPServer2"),
    ("x-xss-protection", "0"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
]
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "contents": st.lists(
            st.fixed_dictionaries(
                {"parts": st.lists(st.fixed_dictionaries({}, optional={"text": st.text() | JSON_VALUES}))},
                optional={"role": st.sampled_from(["user", "model", "function", "x"])},
            )
            | JSON_VALUES
        ),
        **{name: JSON_VALUES for name in GENERATE.rows if name != "contents"},
    },
)


@pytest.mark.parametrize(
    ("query", "framing"),
    [("alt=sse", "sse"), ("%24alt=sse&key=k", "sse"), ("alt=json", "array"), ("", "array")],
)
def test_a_wire_knows_what_its_path_and_query_say(query: str, framing: str) -> None:
    wire = Gemini.at("v1", STREAM, {"model": "m"}, query)
    assert (wire.version, wire.method, wire.model, wire.framing) == ("v1", STREAM, "m", framing)


def test_a_key_may_be_in_the_query() -> None:
    assert Gemini.at("v1", WHOLE, {"model": "m"}, "key=k").parse(body(), {}).request.model == "m"


@pytest.mark.parametrize("wire", [WIRE, EVENTS, ARRAY])
def test_a_request_is_restored_from_what_is_kept_of_it(wire: Gemini) -> None:
    tools = [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT"}}]}]
    config = {
        "responseMimeType": "application/json",
        "responseSchema": {"type": "STRING"},
        "thinkingConfig": {"thinkingLevel": "HIGH"},
        "stopSequences": ["a"],
    }
    asked = parsed(wire, tools=tools, generationConfig=config)
    kept = orjson.loads(orjson.dumps(asked.params))
    assert Gemini().restore(kept, asked.request.messages, asked.request.digest) == asked


def test_the_digest_is_of_what_is_asked_and_not_of_how_it_is_sent() -> None:
    plain = parsed().request.digest
    assert {parsed(EVENTS).request.digest, parsed(ARRAY).request.digest} == {plain}
    assert parsed(contents=[user("other")]).request.digest == plain
    assert parsed(generationConfig={"seed": 1}).request.digest != plain
    other = Gemini.at("v1beta", WHOLE, {"model": "other"}, "")
    assert parsed(other).request.digest != plain


def test_names_of_fields_in_either_case_are_one_request() -> None:
    assert parsed(generation_config={"max_output_tokens": 3}) == parsed(generationConfig={"maxOutputTokens": "3"})


def test_headers_are_as_recorded() -> None:
    plan = plan_of(("a", "b"))
    json = ("content-type", "application/json; charset=UTF-8")
    attached = ("content-disposition", "attachment")
    waited, took = ("server-timing", "gfet4t7; dur=350"), ("server-timing", "gfet4t7; dur=370")
    assert list(WIRE.headers(plan, parsed())) == [json, *STANDARD, took]
    events = ("content-type", "text/event-stream")
    assert list(EVENTS.headers(plan, parsed(EVENTS))) == [events, attached, *STANDARD, waited]
    assert list(ARRAY.headers(plan, parsed(ARRAY))) == [json, attached, *STANDARD, waited]


def survives(data: bytes) -> None:
    try:
        asked = WIRE.parse(data, KEY)
    except ClientError as error:
        status = WIRE.refuse(error, bytes(16)).status
    else:
        status = 200
        kept = orjson.loads(orjson.dumps(asked.params))
        assert WIRE.restore(kept, asked.request.messages, asked.request.digest) == asked
    assert status in {200, 400, 403}


@given(st.binary())
def test_any_bytes_are_a_request_or_the_callers_fault(data: bytes) -> None:
    survives(data)


@given(BODIES)
def test_any_values_are_a_request_or_the_callers_fault(value: object) -> None:
    survives(orjson.dumps(value))


@pytest.mark.parametrize(
    "data",
    [
        b'{"contents": [{"parts": [{"text": "\\ud800"}]}]}',
        b"[" * 1000 + b"]" * 1000,
        b'{"contents":' * 200 + b"1" + b"}" * 200,
        b'{"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"seed": 1e999}}',
        b'{"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"seed": 99999999999999999999999}}',
        b'{"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"temperature": NaN}}',
        b'{"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"temperature": "' + b"9" * 400 + b'"}}',
        b'{"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"responseJsonSchema": '
        + b'{"a":' * 600
        + b"1"
        + b"}" * 602,
    ],
)
def test_what_json_can_do_is_survived(data: bytes) -> None:
    survives(data)


def test_a_lenient_wire_passes_over_what_it_does_not_know() -> None:
    data = body(zzz=1, generationConfig={"yyy": 2, "seed": 3})
    asked = attrs.evolve(WIRE, lenient=True).parse(data, KEY)
    assert asked.request.seed == 3
    with pytest.raises(ClientError):
        WIRE.parse(data, KEY)


def test_wires_that_ask_alike_are_one() -> None:
    again = Gemini.at("v1beta", WHOLE, {"model": MODEL}, "")
    assert (again, hash(again)) == (WIRE, hash(WIRE))
