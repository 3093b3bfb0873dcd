"""Gemini's token counts: `POST /v1beta/models/{model}:countTokens`.

Pure. The request says what would be generated from, as contents alone or as a whole generateContent request; its count
is what that request's `promptTokenCount` would be.
"""

from llmsim.errors import ClientError
from llmsim.turn import TurnRequest
from llmsim.wire.gemini.answers import details
from llmsim.wire.gemini.asking import params_of, request_of
from llmsim.wire.gemini.http import pretty
from llmsim.wire.gemini.messages import check_contents, media_of, messages_of
from llmsim.wire.gemini.protos import read_body
from llmsim.wire.gemini.requests import COUNT

BOTH = "* CountTokensRequest: only one of contents and generate_content_request may be set.\n"
ROOT = bytes(16)


def parse(body: bytes, model: str, *, lenient: bool = False) -> tuple[TurnRequest, dict[str, int]]:
    """What is to be counted, and how many of its parts are of which modality other than text.

    Raises:
        ClientError: whatever is wrong with it.
    """
    asked = read_body(body, COUNT, lenient=lenient)
    if "contents" in asked and "generateContentRequest" in asked:
        raise ClientError(BOTH)
    asked = asked.get("generateContentRequest", asked)
    contents, instruction = asked.get("contents", []), asked.get("systemInstruction")
    check_contents(contents)
    request = request_of(params_of(asked, model), messages_of(contents, instruction), ROOT, stream=False)
    return request, media_of([instruction or {}, *contents])


def answer(tokens: int, media: dict[str, int]) -> bytes:
    """The body of the response."""
    return pretty({"totalTokens": tokens, "promptTokensDetails": details(tokens, media)})
