"""What Gemini's endpoints have in common around a body: content types, headers, who asks, and JSON in one form.

Pure. Sources: recorded responses, google-genai 3.4.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs

import orjson

JSON = "application/json; charset=UTF-8"
EVENTS = "text/event-stream"
HTML = "text/html; charset=UTF-8"
STANDARD = (
    ("vary", "Origin"),
    ("vary", "X-Origin"),
    ("vary", "Referer"),
    ("server", "scaffolding on HTTPServer2"),
    ("x-xss-protection", "0"),
    ("x-frame-options", "SAMEORIGIN"),
    ("x-content-type-options", "nosniff"),
)
"""What every response says."""


def timing(duration_us: int) -> tuple[str, str]:
    """How long the front end waited for the answer, in whole milliseconds."""
    return ("server-timing", f"gfet4t7; dur={duration_us // 1000}")


def query_of(text: str) -> dict[str, str]:
    """The parameters of a query; of one that is given twice, the last."""
    return {name: values[-1] for name, values in parse_qs(text, keep_blank_values=True).items()}


def identified(headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
    """What the caller gives for an identity: an API key or a token; None where there is nothing."""
    for name in ("x-goog-api-key", "authorization"):
        if name in headers:
            return headers[name].removeprefix("Bearer ").strip()
    return query.get("key")


def pretty(value: Any) -> bytes:  # noqa: ANN401
    """A body as Google's front end writes it."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
