"""What becomes of each field of each endpoint's requests, found out by asking with it and without it.

A field is *supported* when another request comes out of it or another response is made of it; *told again* when it
stands in the response and changes nothing else; *ignored* when it is accepted and changes nothing but ids; *refused*
when a request that has it is. Samples of values are in `samples`, and every field that a wire knows has one.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from functools import partial
from typing import Any

import attrs
import orjson

from llmsim.errors import ClientError
from llmsim.simulation.plan import plan_turn
from llmsim.simulation.tokens import Estimator
from llmsim.turn import Place, Pod, Scripted
from llmsim.wire.base import Parsed, Wire
from tests.pods import PROFILES

POD = Pod(1, 2)
PLACE = Place("s", 1, bytes(16))
SAID = (Scripted("One, two, three.", "Count."), Scripted("No.", refused=True))
"""What is said to both: a field may matter to a refusal alone."""


class Fate(StrEnum):
    """What becomes of a field."""

    SUPPORTED = "supported"
    TOLD = "told again"
    IGNORED = "ignored"
    REFUSED = "refused"


@attrs.frozen
class Sample:
    """A value of a field, which may be within another (`a.b`), what a request needs beside it, and what it replaces.

    `label` is what is shown, where that is not the field. `stored`: a response that is asked for again shows it.
    """

    field: str
    value: Any
    needs: Mapping[str, Any] = attrs.field(factory=dict)
    instead_of: str = ""
    label: str = ""
    stored: bool = False

    @property
    def shown(self) -> str:
        return self.label or f"`{self.field}`"


@attrs.frozen
class Endpoint:
    """An endpoint, a good request to it, and samples of its fields; `known` are those that its wire has rows for."""

    path: str
    read: Callable[[bytes], object]
    base: Mapping[str, Any]
    samples: tuple[Sample, ...]
    known: tuple[str, ...]
    wire: Wire | None = None


OTHER = Sample("zzz", 1, label="any other field")


def fates(endpoint: Endpoint) -> list[tuple[str, Fate]]:
    """What becomes of each field that there is a sample of, in the order of the samples, and of one nobody knows."""
    return [(sample.shown, fate(endpoint, sample)) for sample in (*endpoint.samples, OTHER)]


def fate(endpoint: Endpoint, sample: Sample) -> Fate:
    """What becomes of one field."""
    without = merged(endpoint.base, sample.needs)
    asked = placed(without, sample.field, sample.value)
    asked.pop(sample.instead_of, None)
    try:
        found = endpoint.read(orjson.dumps(asked))
    except ClientError:
        return Fate.REFUSED
    before = endpoint.read(orjson.dumps(without))
    if not isinstance(found, Parsed) or not isinstance(before, Parsed) or endpoint.wire is None:
        return Fate.SUPPORTED if found != before else Fate.IGNORED
    found, before = undigested(found), undigested(before)
    if (found.request, found.held) != (before.request, before.held):
        return Fate.SUPPORTED
    key = sample.field.rpartition(".")[2]
    pairs = list(zip(responses(endpoint.wire, found), responses(endpoint.wire, before), strict=True))
    pairs = [(unpadded(one), unpadded(other)) for one, other in pairs]
    apart = partial(without_key, key=key, plain=not isinstance(sample.value, dict | list))
    if any(apart(one) != apart(other) for one, other in pairs):
        return Fate.SUPPORTED
    later = sample.stored and found.params != before.params
    return Fate.TOLD if later or any(one != other for one, other in pairs) else Fate.IGNORED


def undigested(asked: Parsed) -> Parsed:
    """A request apart from what makes ids of it."""
    return attrs.evolve(asked, request=attrs.evolve(asked.request, digest=bytes(16)))


def responses(wire: Wire, asked: Parsed) -> list[object]:
    """The headers, the whole body and the stream of the same turns, for whoever asks like this; as JSON where it is."""
    profile = PROFILES.for_model(asked.request.model) or PROFILES.default
    found: list[object] = []
    for script in SAID:
        request = asked.request
        plan = plan_turn(
            profile, POD, PLACE, request, request.messages, created_s=0, script=script, counter=Estimator()
        )
        frames = b"".join(frame.data for frame in wire.frames(plan, asked))
        lines = [json_of(line.removeprefix(b"data: ")) for line in frames.splitlines()]
        found += [wire.headers(plan, asked), json_of(wire.whole(plan, asked)), lines]
    return found


def json_of(data: bytes) -> object:
    """A line of JSON, or the line."""
    try:
        found: object = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    return found


def unpadded(value: object) -> object:
    """A JSON value in which all that merely pads is the same."""
    if isinstance(value, dict):
        return {name: "" if name == "obfuscation" else unpadded(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [unpadded(item) for item in value]
    return value


def without_key(value: object, key: str, *, plain: bool) -> object:
    """A JSON value without this key, at any depth; `plain`: where it has a plain value, as the field itself."""
    if isinstance(value, dict):
        return {
            name: without_key(item, key, plain=plain)
            for name, item in value.items()
            if name != key or (plain and isinstance(item, dict | list))
        }
    if isinstance(value, list | tuple):
        return [without_key(item, key, plain=plain) for item in value]
    return value


def merged(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """A body with further fields, which may be within others."""
    for field, value in more.items():
        body = placed(body, field, value)
    return dict(body)


def placed(body: Mapping[str, Any], field: str, value: object) -> dict[str, Any]:
    """A body with one more field."""
    name, _, rest = field.partition(".")
    return {**body, name: placed(body.get(name, {}), rest, value) if rest else value}


def unsampled(endpoint: Endpoint) -> set[str]:
    """The fields that the wire knows and no sample is of."""
    return set(endpoint.known) - names(endpoint.samples)


def names(samples: Iterable[Sample]) -> set[str]:
    """The fields that samples are of, those around them included."""
    return {sample.field for sample in samples} | {sample.field.partition(".")[0] for sample in samples}
