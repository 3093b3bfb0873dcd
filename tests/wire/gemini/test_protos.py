"""Proto JSON is read in all the forms that it may have, and every fault is told with its path."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.wire.gemini.errors import FIELDS_MOST, Detailed
from llmsim.wire.gemini.protos import (
    DEEPEST,
    Anything,
    Bytes,
    Choice,
    Decimal,
    Flag,
    Integer,
    Many,
    Named,
    Proto,
    Recursive,
    Text,
    canonical,
    read_body,
    snake,
)
from tests.wire.plans import JSON_VALUES

PROTOS: dict[str, Proto] = {}
NODE = Proto(
    "Node",
    {
        "someText": Text(),
        "someBytes": Bytes(),
        "someFlag": Flag(),
        "count": Integer(),
        "bigCount": Integer(64),
        "share": Decimal(),
        "kind": Choice("Node.Kind", ("KIND_UNSPECIFIED", "RED")),
        "struct": Anything(dict),
        "manyTexts": Many(Text()),
        "named": Named(Recursive(PROTOS, "Node")),
        "nodes": Many(Recursive(PROTOS, "Node")),
        "one": Proto("One", {"a": Text(), "b": Text()}, one_of=frozenset({"a", "b"})),
    },
)
PROTOS["Node"] = NODE


def read(value: object) -> dict[str, Any]:
    return read_body(orjson.dumps(value), NODE)


def faults(value: object) -> list[str]:
    with pytest.raises(Detailed) as caught:
        read(value)
    return caught.value.message.split("\n")


def test_names_in_snake_case_and_in_camel_case_are_one_field_and_nulls_are_none() -> None:
    assert read({"some_text": "a", "manyTexts": ["b", None]}) == {"someText": "a", "manyTexts": ["b"]}
    assert read({"someText": None}) == {}


@pytest.mark.parametrize(
    ("given_value", "kept"),
    [
        ({"count": "7", "bigCount": "-9", "share": "0.5"}, {"count": 7, "bigCount": -9, "share": 0.5}),
        ({"count": 7.0, "share": 1}, {"count": 7, "share": 1.0}),
        ({"kind": "red"}, {"kind": "RED"}),
        ({"kind": 1}, {"kind": "RED"}),
        ({"kind": 99}, {"kind": "KIND_UNSPECIFIED"}),
        ({"someFlag": "true"}, {"someFlag": True}),
        ({"manyTexts": "alone"}, {"manyTexts": ["alone"]}),
        ({"someBytes": "_-8"}, {"someBytes": "_-8"}),
        ({"someBytes": "/+8="}, {"someBytes": "/+8="}),
        ({"named": {"x": {"count": 1}}}, {"named": {"x": {"count": 1}}}),
    ],
)
def test_values_are_brought_to_one_form(given_value: object, kept: object) -> None:
    assert read(given_value) == kept


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ({"zzz": 1}, 'Invalid JSON payload received. Unknown name "zzz": Cannot find field.'),
        (
            {"nodes": [{}, {"z": 1}]},
            "Invalid JSON payload received. Unknown name \"z\" at 'nodes[1]': Cannot find field.",
        ),
        ({"nodes": {"z": 1}}, "Invalid JSON payload received. Unknown name \"z\" at 'nodes': Cannot find field."),
        (
            {"named": {"q": {"z": 1}}},
            "Invalid JSON payload received. Unknown name \"z\" at 'named[0].value': Cannot find field.",
        ),
        ({"some_text": 1}, "Invalid value at 'some_text' (TYPE_STRING), 1"),
        ({"count": "x"}, "Invalid value at 'count' (TYPE_INT32), \"x\""),
        ({"count": 1.5}, "Invalid value at 'count' (TYPE_INT32), 1.5"),
        ({"count": 2**31}, "Invalid value at 'count' (TYPE_INT32), 2147483648"),
        ({"share": True}, "Invalid value at 'share' (TYPE_FLOAT), true"),
        ({"someFlag": 1}, "Invalid value at 'some_flag' (TYPE_BOOL), 1"),
        ({"someBytes": "!"}, "Invalid value at 'some_bytes' (TYPE_BYTES), Base64 decoding failed for \"!\""),
        (
            {"one": [1]},
            'Invalid JSON payload received. Unknown name "one": Proto field is not repeating, cannot start list.',
        ),
        (
            {"one": {"a": "", "b": ""}},
            "Invalid value at 'one' (oneof), oneof field 'data' is already set. Cannot set 'b'",
        ),
        (
            {"kind": "BLUE"},
            "Invalid value at 'kind' (type.googleapis.com/google.ai.generativelanguage.v1beta.Node.Kind), \"BLUE\"",
        ),
        (
            {"one": "x"},
            "Invalid value at 'one' (type.googleapis.com/google.ai.generativelanguage.v1beta.One), \"x\"",
        ),
    ],
)
def test_a_fault_is_told_in_the_apis_words(value: object, told: str) -> None:
    assert faults(value) == [told]


def test_faults_are_all_told_in_the_order_of_the_body_each_with_its_field() -> None:
    with pytest.raises(Detailed) as caught:
        read({"z": 1, "nodes": [{"count": "x"}]})
    [details] = caught.value.details
    assert details["@type"] == "type.googleapis.com/google.rpc.BadRequest"
    assert [violation.get("field") for violation in details["fieldViolations"]] == [None, "nodes[0].count"]


def test_of_very_many_faults_some_are_told() -> None:
    assert len(faults({"manyTexts": list(range(10_000))})) == FIELDS_MOST


def test_a_body_that_is_no_json_is_shown_around_where_it_ends_to_be_some() -> None:
    with pytest.raises(ClientError) as caught:
        read_body(b'{"a": nope}', NODE)
    assert caught.value.message == 'Invalid JSON payload received. Unexpected token.\n{"a": nope}\n      ^'
    with pytest.raises(ClientError) as caught:
        read_body(b'{"a": 1', NODE)
    assert caught.value.message.startswith("Invalid JSON payload received. Unexpected end of string.\n")


def test_a_body_that_is_no_object_is_no_message() -> None:
    assert faults([]) == ['Invalid JSON payload received. Unknown name "": Root element must be a message.']
    assert read_body(b"", NODE) == {}


def test_messages_nest_as_deep_as_protobuf_lets_them() -> None:
    def nested(depth: int) -> dict[str, Any]:
        return {"nodes": [nested(depth - 1)]} if depth else {}

    read(nested(DEEPEST - 1))
    assert "Message too deep" in faults(nested(DEEPEST))[0]
    deep = b'{"nodes":[' * 500 + b"{}" + b"]}" * 500
    with pytest.raises(ClientError):
        read_body(deep, NODE)
    with pytest.raises(ClientError):
        read_body(b'{"struct":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}", NODE)


def test_deep_values_have_no_canonical_form() -> None:
    assert canonical({"b": 1, "a": 2}) == b'{"a":2,"b":1}'
    with pytest.raises(ClientError):
        canonical(orjson.loads(b"[" * 300 + b"]" * 300))


def test_names_become_snake_case() -> None:
    assert [snake(name) for name in ("topK", "responseJsonSchema", "model")] == [
        "top_k",
        "response_json_schema",
        "model",
    ]


@given(st.dictionaries(st.sampled_from([*NODE.rows, *map(snake, NODE.rows), "z"]), JSON_VALUES))
def test_any_value_is_read_or_refused_and_what_was_read_reads_alike(value: dict[str, Any]) -> None:
    try:
        found = read(value)
    except ClientError:
        return
    assert read(found) == found
