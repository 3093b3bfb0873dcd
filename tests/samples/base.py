"""What samples of fields have in common."""

from llmsim.wire.base import Parsed, Wire
from tests.fields import Sample

ON, OFF = True, False
USER = {"role": "user", "content": "Hello!"}
SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}
PICTURE = "data:image/png;base64,AAAA"
FUNCTION = {"name": "f", "description": "d", "parameters": SCHEMA}
SAMPLING = (Sample("temperature", 0.5), Sample("top_p", 0.5))


def parsed(wire: Wire, headers: dict[str, str], body: bytes) -> Parsed:
    """What a wire makes of a body."""
    return wire.parse(body, headers)
