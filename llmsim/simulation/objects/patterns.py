"""Texts that a regular expression matches, drawn from a stream: what `pattern` in a JSON schema asks for.

Pure. The expression is read by Python's own parser; what it cannot read, or what looks around or back, is not tried to
be met. Bounded: repetitions add a few, and what takes more than LONGEST steps is given up.
"""

import re
import string
from collections.abc import Iterable
from re import _constants as sre  # type: ignore[attr-defined, unused-ignore]  # there is a stub, or there is none
from re import _parser as parser  # type: ignore[attr-defined, unused-ignore]
from typing import Any

from llmsim.simulation.draws import Stream

MORE = 4
"""How often at most something is repeated beyond what it must."""
LONGEST = 2_000
"""Steps, of a character each at most: a pattern that needs more is not met."""
_PRINTABLE = string.ascii_letters + string.digits + "-_ "
_CATEGORIES = {
    sre.CATEGORY_DIGIT: string.digits,
    sre.CATEGORY_NOT_DIGIT: string.ascii_letters,
    sre.CATEGORY_WORD: string.ascii_letters + string.digits + "_",
    sre.CATEGORY_NOT_WORD: "-. ",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_SPACE: string.ascii_letters + string.digits,
}


class Unmet(Exception):
    """No text is made for this expression."""


def matching(pattern: str, stream: Stream) -> str:
    """A text in which the expression is found.

    Raises:
        Unmet: it is none, or one that is not understood.
    """
    try:
        return _Writer(stream).all(parser.parse(python_of(pattern)))
    except (re.error, RecursionError, OverflowError, KeyError, ValueError, IndexError) as error:
        raise Unmet(pattern) from error


def python_of(pattern: str) -> str:
    """An expression of ECMA 262 as Python reads it, as far as they differ in everyday use."""
    return re.sub(r"\(\?<(?![=!])", "(?P<", pattern.replace(r"\/", "/"))


class _Writer:
    """Writes one text; `left` steps may still be taken."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._groups: dict[int, str] = {}
        self._left = LONGEST

    def all(self, parsed: Iterable[tuple[Any, Any]]) -> str:
        """A text for parts that follow one another."""
        return "".join([self._one(operation, argument) for operation, argument in parsed])

    def _one(self, operation: Any, argument: Any) -> str:  # noqa: ANN401, C901, PLR0911  (an operation after the other)
        self._left -= 1
        if self._left < 0:
            raise ValueError("too long")
        if operation is sre.LITERAL:
            return chr(argument)
        if operation is sre.NOT_LITERAL:
            return next(character for character in _PRINTABLE if ord(character) != argument)
        if operation is sre.ANY:
            return self._stream.pick(string.ascii_lowercase)
        if operation is sre.IN:
            return _of_set(argument, self._stream)
        if operation is sre.BRANCH:
            return self.all(self._stream.pick(argument[1]))
        if operation is sre.SUBPATTERN:
            text = self.all(argument[3])
            if argument[0] is not None:
                self._groups[argument[0]] = text
            return text
        if operation in (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT):
            least, most, repeated = argument
            count = least + self._stream.below(min(int(most) - least, MORE) + 1)
            return "".join(self.all(repeated) for _ in range(count))
        if operation is sre.ATOMIC_GROUP:
            return self.all(argument)
        if operation is sre.GROUPREF:
            return self._groups[argument]
        if operation in (sre.AT, sre.ASSERT, sre.ASSERT_NOT):
            return ""
        raise ValueError(f"not understood: {operation}")


def _of_set(members: list[tuple[Any, Any]], stream: Stream) -> str:
    """One character of a set; of a negated one, a printable one that it lacks."""
    if members[0][0] is sre.NEGATE:
        lacks = re.compile("[" + "".join(_ranges(members[1:])) + "]")
        return stream.pick([character for character in _PRINTABLE if not lacks.match(character)])
    operation, argument = stream.pick(members)
    if operation is sre.RANGE:
        return chr(argument[0] + stream.below(argument[1] - argument[0] + 1))
    if operation is sre.CATEGORY:
        return stream.pick(_CATEGORIES[argument])
    return chr(argument)


def _ranges(members: list[tuple[Any, Any]]) -> Iterable[str]:
    """The members of a set, as they stand in one."""
    for operation, argument in members:
        if operation is sre.RANGE:
            yield f"{re.escape(chr(argument[0]))}-{re.escape(chr(argument[1]))}"
        elif operation is sre.CATEGORY:
            yield re.escape(_CATEGORIES[argument])
        else:
            yield re.escape(chr(argument))
