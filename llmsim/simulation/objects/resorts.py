"""Values of last resort: what is tried where no value that was made satisfies a schema.

Pure. A schema that refuses values (`not`, conditions, alternatives that exclude one another) often takes a plain one,
or one that it names itself. Bounded: of a schema so many parts are looked at, and so many values are tried.
"""

from collections.abc import Iterator
from typing import Any

from llmsim.simulation.objects.checking import valid

PLAIN: tuple[Any, ...] = (0, 1, -1, 0.5, "", "a", "0", True, False, None, [], [0], {}, {"a": 0})
PARTS, VALUES = 200, 60
_NUMBERS = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")


def resort(schema: Any) -> list[Any]:  # noqa: ANN401
    """A value that satisfies a schema, alone in a list, of those that are plain or that it names; else nothing."""
    for value in (*PLAIN, *[value for _, value in zip(range(VALUES), _named(schema), strict=False)]):
        if valid(schema, value):
            return [value]
    return []


def _named(schema: Any) -> Iterator[Any]:  # noqa: ANN401
    """The values that a schema names, and those beside its numbers."""
    waiting, looked = [schema], 0
    while waiting and looked < PARTS:
        part = waiting.pop()
        looked += 1
        if isinstance(part, dict):
            if "const" in part:
                yield part["const"]
            if isinstance(part.get("enum"), list):
                yield from part["enum"]
            for key in _NUMBERS:
                number = part.get(key)
                if isinstance(number, int | float) and not isinstance(number, bool):
                    yield from (number, number + 1, number - 1)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
