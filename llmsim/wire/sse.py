"""Server-sent events as OpenAI's chat stream frames them: `data: <json>`, an empty line, and `[DONE]` at the end.

Pure. Source: WHATWG HTML, section "Server-sent events"; recorded streams carry no `event:` line here.
"""

CONTENT_TYPE = "text/event-stream; charset=utf-8"
DONE = b"data: [DONE]\n\n"


def event(data: bytes) -> bytes:
    """One event; `data` is a single line."""
    return b"data: " + data + b"\n\n"
