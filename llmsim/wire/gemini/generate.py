"""Gemini: `POST /v1beta/models/{model}:generateContent` and `:streamGenerateContent`.

Pure. A wire is made for each request: the path says the model and the method, the query how a stream is framed (`alt`)
and, perhaps, who asks (`key`). What a request may say is in `requests` and `asking`, what is answered in `answers`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from llmsim.errors import ClientError, UnknownModel
from llmsim.profile import Profile
from llmsim.simulation.plan import Plan
from llmsim.turn import DIGEST_BYTES, Message
from llmsim.wire.base import Frame, Parsed, Refusal
from llmsim.wire.gemini import answers, errors
from llmsim.wire.gemini.asking import params_of, request_of
from llmsim.wire.gemini.embeddings import MODELS as EMBEDDING
from llmsim.wire.gemini.http import EVENTS, JSON, STANDARD, identified, query_of, timing
from llmsim.wire.gemini.messages import check_contents, messages_of
from llmsim.wire.gemini.protos import canonical, read_body
from llmsim.wire.gemini.requests import GENERATE

UNSPOKEN = frozenset({"contents", "systemInstruction", "model"})
"""Fields that are no part of the request's digest: the messages are in the place of two, the path says the model."""
WHOLE = "generateContent"
STREAM = "streamGenerateContent"


@attrs.frozen
class Gemini:
    """The dialect, for one model and one way of answering.

    `framing` is how a stream is sent: `sse`, or as the elements of one JSON array. `lenient`: unknown fields are taken.
    """

    dialect: str = "gemini"
    model: str = ""
    method: str = WHOLE
    framing: str = "array"
    query: Mapping[str, str] = attrs.field(factory=dict, hash=False)
    version: str = "v1beta"
    lenient: bool = False

    @classmethod
    def at(cls, version: str, method: str, parts: Mapping[str, str], query: str) -> "Gemini":
        """The wire of a path, by the model that is one of its parts, and of its query."""
        asked = query_of(query)
        framing = "sse" if asked.get("alt", asked.get("$alt")) == "sse" else "array"
        return cls(model=parts["model"], method=method, framing=framing, query=asked, version=version)

    def parse(self, body: bytes, headers: Mapping[str, str]) -> Parsed:
        """Read a request body; who asks is looked at first.

        Raises:
            ClientError: whatever is wrong with it.
        """
        check_key(headers, self.query)
        if self.model in EMBEDDING:
            raise UnknownModel(self.model)
        asked = read_body(body, GENERATE, lenient=self.lenient)
        contents = asked.get("contents", [])
        check_contents(contents)
        how = {"stream": self.method == STREAM, "framing": self.framing, "version": self.version}
        params = params_of(asked, self.model) | how
        return self.restore(
            params, messages_of(contents, asked.get("systemInstruction")), request_digest(asked, params)
        )

    def check(self, _parsed: Parsed, _profile: Profile) -> None:
        """Every model takes whatever can be asked here."""

    def restore(self, params: dict[str, Any], messages: tuple[Message, ...], digest: bytes) -> Parsed:
        """The request again, from what the store kept of it."""
        return Parsed(request_of(params, messages, digest, stream=params["stream"]), params)

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed."""
        return answers.whole(plan, asked.params)

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a stream: whole responses, each with what is new."""
        return answers.frames(plan, asked.params)

    def headers(self, plan: Plan, asked: Parsed) -> tuple[tuple[str, str], ...]:
        """The provider's response headers."""
        timeline = plan.timeline
        if not asked.request.stream:
            return (("content-type", JSON), *STANDARD, timing(timeline.total_us))
        kind = EVENTS if asked.params["framing"] == "sse" else JSON
        return (("content-type", kind), ("content-disposition", "attachment"), *STANDARD, timing(timeline.ttft_us))

    def refuse(self, error: ClientError, _request_digest: bytes) -> Refusal:
        """An error in Google's envelope; Google's responses have no request id."""
        listed = self.method == STREAM and self.framing == "array"
        return errors.refuse(error, version=self.version, method=self.method, listed=listed)


def check_key(headers: Mapping[str, str], query: Mapping[str, str]) -> None:
    """Whether the caller says who asks; any key is good.

    Raises:
        ClientError: nobody does, or with an empty key.
    """
    key = identified(headers, query)
    if key is None:
        raise errors.no_key()
    if not key:
        raise errors.bad_key()


def request_digest(asked: Mapping[str, Any], params: Mapping[str, Any]) -> bytes:
    """16 bytes for everything that was asked besides the messages and how they are sent.

    Raises:
        ClientError: a value is nested too deeply.
    """
    spoken = {key: value for key, value in asked.items() if key not in UNSPOKEN}
    return hashlib.blake2b(canonical([params["model"], spoken]), digest_size=DIGEST_BYTES).digest()
