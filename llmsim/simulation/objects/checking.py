"""Whether a value satisfies a JSON schema: a library's answer, with nothing fetched and no work without bounds.

Pure. Patterns are tried with a limit on backtracking, so that no schema and no text keep a server busy.
"""

import functools
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    import jsonschema_rs

BACKTRACKS = 20_000
"""How often a pattern may go back: milliseconds."""
_SCHEMAS = 256
"""Schemas whose validators are remembered."""


def valid(schema: Any, value: Any) -> bool | None:  # noqa: ANN401
    """Whether the value satisfies the schema; None where the schema cannot be read as one."""
    try:
        validator = _validator(orjson.dumps(schema))
        return None if validator is None else validator.is_valid(value)
    except (orjson.JSONEncodeError, ValueError, OverflowError):
        return None


@functools.lru_cache(_SCHEMAS)
def _validator(schema: bytes) -> "jsonschema_rs.Draft202012Validator | None":
    import jsonschema_rs  # noqa: PLC0415  (9 MB of memory, which a pod without tools and formats does not need)

    options = jsonschema_rs.FancyRegexOptions(backtrack_limit=BACKTRACKS)
    try:
        return jsonschema_rs.Draft202012Validator(
            orjson.loads(schema), validate_formats=True, retriever=_nothing, pattern_options=options
        )
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


def _nothing(uri: str) -> Any:  # noqa: ANN401
    raise ValueError(f"nothing is fetched: {uri}")
