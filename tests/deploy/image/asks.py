"""What a client outside of a container asks of the server in it: plain HTTP, by the standard library alone."""

from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson

ANSWER_S = 30


def asked(url: str, body: object = None) -> tuple[int, Any]:
    """Status and JSON of a GET, or of a POST where there is a body."""
    content = None if body is None else orjson.dumps(body)
    request = Request(url, content, {"content-type": "application/json"})  # noqa: S310  (our own server's URL)
    try:
        with urlopen(request, timeout=ANSWER_S) as answer:  # noqa: S310  (as above)
            return answer.status, orjson.loads(answer.read())
    except HTTPError as refusal:
        return refusal.code, orjson.loads(refusal.read())


def turn(url: str, said: str, after: str | None = None) -> str:
    """The id of a response to what was said, after another response."""
    body = {"model": "gpt-4o", "input": said, "previous_response_id": after, "max_output_tokens": 16}
    status, answer = asked(f"{url}/v1/responses", body)
    assert status == 200, answer
    return str(answer["id"])
