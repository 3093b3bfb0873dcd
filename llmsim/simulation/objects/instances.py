"""Instances of JSON schemas: arguments of tools, and replies in JSON.

Pure. What a conversation offers is used where it fits (`hints.py`), the rest is drawn. An instance is made part by part
and then held against the whole schema by a library; of several attempts the first that satisfies it is taken. Bounded:
all attempts make at most NODES values, MOST_DEPTH deep. Where no attempt satisfies the schema (it cannot be satisfied,
or asks for more than the bounds), the last one is given: there is always an instance, and never an error.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson

from llmsim.simulation.draws import Stream
from llmsim.simulation.objects import numbers, strings
from llmsim.simulation.objects.checking import valid
from llmsim.simulation.objects.hints import Hints
from llmsim.simulation.objects.patterns import Unmet, matching
from llmsim.simulation.objects.resorts import resort
from llmsim.simulation.objects.schemas import Schema, is_of, listed, merged, plain, resolved, table_of, types_of

ATTEMPTS = 24
NODES = 2_000
FEW = 50
"""What any attempt may make."""
MOST_DEPTH = 24
ANSWER = {"type": "object", "properties": {"answer": {"type": "string"}}, "required": ["answer"]}
_NO_SCHEMA = (TypeError, ValueError, AttributeError, LookupError, ArithmeticError)
"""What comes of a schema that is none."""


class Unsatisfiable(Exception):
    """No value can be made here."""


def instance(schema: Schema, stream: Stream, hints: Hints) -> Any:  # noqa: ANN401
    """A value that satisfies a JSON schema, drawn from a stream."""
    made: Any = None
    left = NODES
    for attempt in range(ATTEMPTS):
        maker = _Maker(schema, stream, hints, attempt, left)
        try:
            made = maker.make(schema, "", 0)
        except (Unsatisfiable, RecursionError, *_NO_SCHEMA):
            continue
        finally:
            left = max(maker.left, FEW)
        if valid(schema, made) is not False:
            return made
    nothing = made is None and "null" not in types_of(plain(schema) or {"type": "object"})
    return (resort(schema) or [{} if nothing else made])[0]


def text_of(schema: Schema | None, stream: Stream, hints: Hints) -> str:
    """An instance as a model writes it: compact JSON. Without a schema, any object."""
    return written(instance(ANSWER if schema is None else schema, stream, hints))


def written(value: Any) -> str:  # noqa: ANN401
    """Compact JSON; numbers beyond 64 bits are written too."""
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return "{}"


class _Maker:
    """One attempt. Later attempts draw other alternatives, and leave out what need not be there."""

    def __init__(self, root: Schema, stream: Stream, hints: Hints, attempt: int, left: int) -> None:
        self._root = root
        self._stream = stream
        self._hints = hints
        self._attempt = attempt
        self.left = left
        self._numbers = list(hints.numbers)

    def make(self, schema: Schema, name: str, depth: int) -> Any:  # noqa: ANN401, PLR0911  (a type after the other)
        """A value of this schema, for a property of this name."""
        self.left -= 1
        if self.left < 0 or depth > MOST_DEPTH:
            raise Unsatisfiable
        schema = self._flat(schema, 0)
        if schema is False:
            raise Unsatisfiable
        if schema is True:
            schema = {}
        if "enum" in schema:
            return self._one_of(schema)
        kinds = types_of(schema) or (["object"] if depth == 0 else ["string"])
        kinds = [kind for kind in kinds if kind != "null"] or ["null"]
        kind = kinds[(self._attempt if len(kinds) > 1 else 0) % len(kinds)]
        if kind == "object":
            with self._offering(self._hints):
                return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, name, depth)
        if kind == "string":
            return strings.made(schema, self._stream, self._hints, name)
        if kind in {"integer", "number"}:
            return self._number(schema, name, whole=kind == "integer")
        if kind == "boolean":
            offered = self._hints.flag(name)
            return offered if offered is not None and not self._attempt else bool(self._stream.below(2))
        return None

    @contextmanager
    def _offering(self, hints: Hints) -> Iterator[None]:
        """What the conversation offers inside, and afterwards again what it did before."""
        before, self._hints = self._hints, hints
        try:
            yield
        finally:
            self._hints = before

    def _flat(self, schema: Schema, depth: int) -> Schema:
        """The schema with its references, parts and alternatives in one."""
        schema = plain(schema)
        if not isinstance(schema, dict):
            return schema
        if depth > MOST_DEPTH:
            raise Unsatisfiable
        reference = schema.pop("$ref", None) or schema.pop("$dynamicRef", None)
        if isinstance(reference, str):
            schema = merged(schema, self._flat(resolved(reference, self._root), depth + 1))
        for part in self._parts(schema):
            schema = merged(schema, self._flat(part, depth + 1))
        if isinstance(schema, dict) and any(key in schema for key in ("$ref", "allOf", "anyOf", "oneOf", "if")):
            return self._flat(schema, depth + 1)
        return schema

    def _parts(self, schema: Schema) -> Iterator[Schema]:
        """What else a schema asks for: all parts, and of alternatives one."""
        if not isinstance(schema, dict):
            return
        yield from listed(schema.pop("allOf", ()))
        for key in ("anyOf", "oneOf"):
            alternatives = [one for one in listed(schema.pop(key, ())) if one is not False]
            if alternatives:
                yield self._alternative(alternatives)
        condition = schema.pop("if", None)
        then, otherwise = schema.pop("then", True), schema.pop("else", True)
        if condition is not None:
            if self._attempt and self._stream.below(2):
                yield otherwise
            else:
                yield merged(self._flat(condition, 1), then)

    def _alternative(self, alternatives: list[Schema]) -> Schema:
        """One alternative: the first that is more than null, and another at each attempt."""
        ranked = sorted(alternatives, key=lambda one: isinstance(one, Mapping) and one.get("type") == "null")
        return ranked[self._attempt] if self._attempt < min(len(ranked), 2) else self._stream.pick(ranked)

    def _one_of(self, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
        """A value of an enumeration that has the type, where it names one."""
        kinds = types_of(schema) if "type" in schema else None
        values = [value for value in schema["enum"] if kinds is None or is_of(value, kinds)]
        if not values:
            raise Unsatisfiable
        offered = self._hints.chosen(values) if not self._attempt else None
        return offered if offered is not None else self._stream.pick(values)

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        known = table_of(schema, "properties")
        required = dict.fromkeys(name for name in listed(schema.get("required", ())) if isinstance(name, str))
        least, most = int(schema.get("minProperties", 0)), int(schema.get("maxProperties", NODES))
        if max(least, len(required)) > self.left:
            raise Unsatisfiable
        names = [name for name in known if name in required or self._wanted(known[name], name, depth)]
        names += [name for name in required if name not in known]
        self._hints = self._hints.beside(names)
        made: dict[str, Any] = {}
        for name in sorted(names, key=lambda name: name not in required)[: max(most, len(required))]:
            try:
                made[name] = self.make(self._of_property(schema, name), name, depth + 1)
                self._hints = self._hints.without(made[name]) if isinstance(made[name], str) else self._hints
            except Unsatisfiable:
                if name in required:
                    raise
            for other in listed(table_of(schema, "dependentRequired").get(name, ())):
                if other not in made:
                    made[other] = self.make(self._of_property(schema, other), other, depth + 1)
        while len(made) < least:
            name = self._name(schema, made)
            made[name] = self.make(self._of_property(schema, name), name, depth + 1)
        return {name: made[name] for name in (*[name for name in known if name in made], *made)}

    def _wanted(self, schema: Schema, name: str, depth: int) -> bool:
        """Whether a property that need not be there is: where the conversation offers something, and now and then."""
        if self._attempt > 2 or depth > 4 or schema is False:
            return False
        flat = plain(schema)
        if isinstance(flat, dict) and "enum" in flat:
            return self._hints.chosen(flat["enum"]) is not None
        kinds = types_of(flat) if isinstance(flat, dict) else []
        if "string" in kinds:
            return self._hints.string(name, "") is not None
        if "integer" in kinds or "number" in kinds:
            return self._hints.number(name) is not None
        return bool(self._stream.below(2)) and depth < 2

    def _of_property(self, schema: Mapping[str, Any], name: str) -> Schema:
        """All that a property of this name must satisfy."""
        found: Schema = True
        named = False
        if name in table_of(schema, "properties"):
            found, named = schema["properties"][name], True
        for pattern, wanted in table_of(schema, "patternProperties").items():
            if strings.fits(name, {"patterns": [pattern]}):
                found, named = merged(found, wanted), True
        if not named:
            found = schema.get("additionalProperties", schema.get("unevaluatedProperties", True))
        dependent = table_of(schema, "dependentSchemas").get(name)
        if isinstance(dependent, dict) and name in (dependent.get("properties") or {}):
            found = merged(found, dependent["properties"][name])
        return found

    def _name(self, schema: Mapping[str, Any], taken: Mapping[str, Any]) -> str:
        """The name of one more property."""
        for name in table_of(schema, "properties"):
            if name not in taken:
                return str(name)
        if schema.get("additionalProperties", True) is not False:
            wanted = self._flat(schema.get("propertyNames", True), 0)
            for _ in range(8):
                name = (
                    str(self._one_of(wanted)) if isinstance(wanted, dict) and "enum" in wanted
                    else strings.made(wanted if isinstance(wanted, dict) else {}, self._stream, _NO_HINTS, "")
                )  # fmt: skip
                if name not in taken:
                    return name
        for pattern in table_of(schema, "patternProperties"):
            for _ in range(8):
                try:
                    name = matching(pattern, self._stream)
                except Unmet:
                    break
                if name not in taken:
                    return name
        raise Unsatisfiable

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        heads = listed(schema.get("prefixItems", ()))
        least, most = int(schema.get("minItems", 0)), int(schema.get("maxItems", NODES))
        contained = schema.get("contains")
        wanted = int(schema.get("minContains", 1)) if contained is not None else 0
        each = schema.get("items", schema.get("unevaluatedItems", True))
        count = max(least, wanted, min(len(heads), most) if self._attempt % 3 < 2 else 0)
        if each is not False and not self._attempt:
            count = max(count, min(most, self._several(name, each) or count + (1 if depth < 6 else 0)))
        if count > self.left:
            raise Unsatisfiable
        made: list[Any] = []
        for at in range(min(count, most)):
            one = heads[at] if at < len(heads) else each
            if at < wanted:
                one = merged(one, contained)
            made.append(self._item(one, name, depth, made if schema.get("uniqueItems") else None, at))
        return made

    def _several(self, name: str, each: Schema) -> int:
        """How many items the conversation offers for a list of this name."""
        flat = self._flat(each, 0)
        members = table_of(flat, "properties") if isinstance(flat, dict) else {}
        texts = [key for key, one in members.items() if isinstance(one, Mapping) and types_of(one) == ["string"]]
        return self._hints.least(texts or [name.removesuffix("s")])

    def _item(self, schema: Schema, name: str, depth: int, others: list[Any] | None, at: int) -> Any:  # noqa: ANN401
        """One item; another than the others, where it must be."""
        with self._offering(self._hints.again(at)):
            for _ in range(16):
                made = self.make(schema, name.removesuffix("s"), depth + 1)
                if others is None or made not in others:
                    return made
                self._hints = _NO_HINTS
        raise Unsatisfiable

    def _number(self, schema: Mapping[str, Any], name: str, *, whole: bool) -> float:
        if not self._attempt:
            offered = self._offered(name, lambda value: numbers.fits(schema, value, whole=whole))
            if offered is not None:
                return offered
        drawn = numbers.drawn(schema, self._stream, whole=whole)
        if drawn is None:
            raise Unsatisfiable
        return drawn

    def _offered(self, name: str, fits: Callable[[float], bool]) -> float | None:
        """A number that the conversation offers: the one that it says of this name, else the next of the others."""
        said = self._hints.number(name)
        for value in [said] if said is not None else self._numbers:
            if fits(value):
                if value in self._numbers:
                    self._numbers.remove(value)
                return value
        return None


_NO_HINTS = Hints.of(())
