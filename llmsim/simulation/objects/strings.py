"""Strings for properties of JSON schemas: what the conversation offers where it fits, else one that is made up.

Pure. Formats are those that JSON Schema names; a string meets its pattern, its format and its lengths where that can
be done, and what cannot be done is left to be seen by whoever looks at the whole instance.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from llmsim.simulation.draws import Stream
from llmsim.simulation.objects.checking import valid
from llmsim.simulation.objects.hints import Hints
from llmsim.simulation.objects.patterns import Unmet, matching

LONGEST = 10_000
"""Longest string that is made: a schema that wants more gets less."""
WORDS = (
    "amber", "basin", "cedar", "delta", "ember", "fjord", "grove", "harbor", "island", "juniper", "kettle", "lantern",
    "meadow", "north", "orchard", "pebble", "quartz", "river", "summit", "timber", "upland", "valley", "willow",
)  # fmt: skip
"""Of these a string is made up where the conversation offers none."""


def made(schema: Mapping[str, Any], stream: Stream, hints: Hints, name: str) -> str:
    """A string for a property of this name that has this schema."""
    about = str(schema.get("description", ""))
    for candidate in _candidates(schema, stream, hints, name, about):
        if candidate is not None and fits(candidate, schema):
            return candidate
    return _sized(_invented(stream, 2), schema)


def fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether a string has the lengths, the patterns and the format that a schema asks for."""
    if not _least(schema) <= len(text) <= _most(schema):
        return False
    pattern = _FORMS.get(str(schema.get("format")))
    if pattern is not None and not pattern.fullmatch(text):
        return False
    return all(valid({"pattern": pattern}, text) for pattern in schema.get("patterns", ()))


def _candidates(schema: Mapping[str, Any], stream: Stream, hints: Hints, name: str, about: str) -> "list[str | None]":
    """Strings to be tried, the best one first."""
    offered = hints.string(name, about)
    form = str(schema.get("format"))
    found = [offered]
    found += [hints.string(alias, "") for alias in _ALIASES.get(form, ())]
    if form == "date-time":
        found.append(hints.moment())
    if form in _INVENTED:
        found.append(_INVENTED[form](stream))
    patterns = schema.get("patterns", ())
    for pattern in patterns:
        try:
            found.append(matching(pattern, stream))
        except Unmet:
            continue
    if not patterns and form not in _INVENTED:
        found.append(_sized(offered or _invented(stream, 1 + stream.below(2)), schema))
    return found


def _invented(stream: Stream, count: int) -> str:
    return " ".join(stream.pick(WORDS) for _ in range(count))


def _sized(text: str, schema: Mapping[str, Any]) -> str:
    """A text cut or filled to the lengths of a schema."""
    least, most = _least(schema), _most(schema)
    if len(text) > most:
        text = text[:most].rstrip() if len(text[:most].rstrip()) >= least else text[:most]
    while len(text) < least:
        text += f" {WORDS[len(text) % len(WORDS)]}"
    return text[:most] if len(text) > most else text


def _least(schema: Mapping[str, Any]) -> int:
    return min(int(schema.get("minLength", 0)), LONGEST)


def _most(schema: Mapping[str, Any]) -> int:
    return min(int(schema.get("maxLength", LONGEST)), LONGEST)


def _digits(stream: Stream, count: int, base: str = "0123456789") -> str:
    return "".join(stream.pick(base) for _ in range(count))


def _date(stream: Stream) -> str:
    return f"20{20 + stream.below(10)}-{1 + stream.below(12):02}-{1 + stream.below(28):02}"


def _time(stream: Stream) -> str:
    return f"{stream.below(24):02}:{stream.below(60):02}:{stream.below(60):02}Z"


def _host(stream: Stream) -> str:
    return f"{stream.pick(WORDS)}.example.com"


def _uuid(stream: Stream) -> str:
    hexes = _digits(stream, 30, "0123456789abcdef")
    return f"{hexes[:8]}-{hexes[8:12]}-4{hexes[12:15]}-a{hexes[15:18]}-{hexes[18:30]}"


_INVENTED: Mapping[str, Callable[[Stream], str]] = {
    "date": _date,
    "time": _time,
    "date-time": lambda stream: f"{_date(stream)}T{_time(stream)}",
    "duration": lambda stream: f"P{1 + stream.below(30)}D",
    "email": lambda stream: f"{stream.pick(WORDS)}@{_host(stream)}",
    "idn-email": lambda stream: f"{stream.pick(WORDS)}@{_host(stream)}",
    "hostname": _host,
    "idn-hostname": _host,
    "ipv4": lambda stream: ".".join(str(1 + stream.below(254)) for _ in range(4)),
    "ipv6": lambda stream: ":".join(_digits(stream, 4, "123456789abcdef") for _ in range(8)),
    "uri": lambda stream: f"https://{_host(stream)}/{stream.pick(WORDS)}",
    "uri-reference": lambda stream: f"/{stream.pick(WORDS)}",
    "iri": lambda stream: f"https://{_host(stream)}/{stream.pick(WORDS)}",
    "iri-reference": lambda stream: f"/{stream.pick(WORDS)}",
    "uri-template": lambda stream: f"https://{_host(stream)}/{{id}}",
    "uuid": _uuid,
    "json-pointer": lambda stream: f"/{stream.pick(WORDS)}",
    "relative-json-pointer": lambda stream: f"0/{stream.pick(WORDS)}",
    "regex": lambda stream: f"^{stream.pick(WORDS)}$",
    "byte": lambda stream: _digits(stream, 8, "abcdefgh"),
}
"""A string of each format."""
_ALIASES = {"date": ("date",), "time": ("time",), "email": ("email",), "uri": ("url",)}
"""Under which names a value of a format is looked for in the conversation."""
_FORMS = {
    "date": re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])"),
    "time": re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[+-]\d\d:\d\d)"),
    "date-time": re.compile(
        r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
    ),
    "duration": re.compile(r"P(?:\d+W|(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)"),
    "email": re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    "hostname": re.compile(r"(?=.{1,253}\Z)[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9-]{1,63})*"),
    "ipv4": re.compile(r"(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}"),
    "ipv6": re.compile(r"(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}"),
    "uri": re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"{}|\\^`]+"),
    "uuid": re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    "json-pointer": re.compile(r"(?:/[^~/]*)*"),
}
"""What a string of a format looks like; the others are taken as they come."""
