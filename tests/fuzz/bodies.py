"""Bodies that no client would send, from bodies that one would: by number, so that each can be made again.

Body number N of a parser is one of its samples after some changes, to its values or to its bytes, drawn from a
generator that is seeded with the parser's name and N. Knows no parser.
"""

import random  # noqa: TID251  (of a test: seeded, and no simulated turn is drawn from it)
from typing import Any

import orjson

GOES_ON = 0.6
"""How likely there is one more change."""
INSIDE = 0.75
"""How many changes are to a value, besides those to a key."""
BYTE_SHARE = 0.25
"""How many bodies are changed as bytes, besides those whose values are: most of those are no JSON any more."""
WILD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**63 - 1, -(2**63), 2**64 - 1, 1e308, -0.0, 1e-320, 0.5),
    *(
        "",
        " ",
        "\x00",
        "null",
        "user",
        "assistant",
        "system",
        "tool",
        "auto",
        "\ufdd0<image 00>",
        "\U0010ffff",
        "é" * 300,
    ),
    *("a" * 5000, [], [[]], [None], {}, {"": None}, {"type": "text"}, {"type": "function"}, {"type": None}),
    [{"type": "text", "text": "x"}],
)
"""Values that stand where they should not."""
TEXTS = (b'"\\ud800"', b"NaN", b"1e999", b"9" * 40, b"\xff\xfe", b"[" * 400, b'{"a":' * 300, b"//", b"")
"""Bytes that no JSON writer writes."""


def body(samples: tuple[dict[str, Any], ...], name: str, number: int) -> bytes:
    """Body number `number` of the parser called `name`."""
    chance = random.Random(f"{name}/{number}")  # noqa: S311  (nothing is kept secret)
    value: Any = orjson.loads(orjson.dumps(chance.choice(samples)))
    goes_on = True
    while goes_on:
        key = chance.choice([*value, "model"])
        if chance.random() < INSIDE and key in value:
            value[key] = changed(value[key], samples, chance)
        elif value:
            reshape(value, chance.choice(list(value)), samples, chance)
        goes_on = chance.random() < GOES_ON
    try:
        data = orjson.dumps(value)
    except orjson.JSONEncodeError:
        data = b"{}"
    return spoilt(data, chance) if chance.random() < BYTE_SHARE else data


def changed(value: Any, samples: tuple[dict[str, Any], ...], chance: random.Random) -> Any:  # noqa: ANN401
    """A value after one change somewhere in it."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        key = chance.choice(list(value))
        if chance.random() < 0.7:
            value[key] = changed(value[key], samples, chance)
        else:
            reshape(value, key, samples, chance)
        return value
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        roll = chance.random()
        if roll < 0.7:
            value[at] = changed(value[at], samples, chance)
        elif roll < 0.8:
            del value[at]
        else:
            value.insert(chance.randrange(len(value) + 1), value[at])
        return value
    return other(samples, chance)


def reshape(value: dict[str, Any], key: str, samples: tuple[dict[str, Any], ...], chance: random.Random) -> None:
    """Take a key away, rename it, or put another one beside it."""
    roll = chance.random()
    if roll < 0.4:
        del value[key]
    elif roll < 0.6:
        value[key + chance.choice("sx_ ")] = value.pop(key)
    else:
        sample = chance.choice(samples)
        value[chance.choice(list(sample))] = other(samples, chance)


def other(samples: tuple[dict[str, Any], ...], chance: random.Random) -> Any:  # noqa: ANN401
    """Any value: a wild one, one from elsewhere in the samples, or one that holds another."""
    roll = chance.random()
    if roll < 0.6:
        return orjson.loads(orjson.dumps(chance.choice(WILD)))
    if roll < 0.9:
        sample = chance.choice(samples)
        return orjson.loads(orjson.dumps(chance.choice(list(sample.values()))))
    return {chance.choice(("type", "role", "content", "x")): other(samples, chance)}


def spoilt(data: bytes, chance: random.Random) -> bytes:
    """Bytes after a cut, a flip, or an insertion."""
    at = chance.randrange(len(data) + 1)
    roll = chance.random()
    if roll < 0.3:
        return data[:at]
    if roll < 0.6:
        return data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
    return data[:at] + chance.choice(TEXTS) + data[at:]
