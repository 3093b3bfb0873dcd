"""What every dialect offers, as types: bytes in, a request or a `ClientError` out; a plan in, frames or one body out.

Pure. A wire knows no time and no store; dialects know nothing of one another.
"""

from collections.abc import Iterator
from typing import Any, Protocol

import attrs

from llmsim.errors import ClientError
from llmsim.simulation.plan import Plan
from llmsim.turn import Message, TurnRequest


@attrs.frozen
class Frame:
    """These bytes may leave once token number `token` of the turn is there (0: at once; the first token is 1)."""

    token: int
    data: bytes


@attrs.frozen
class Refusal:
    """An error as the provider sends it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@attrs.frozen
class Parsed:
    """A request understood: in no dialect (`request`), and the keys this dialect needs to answer again (`params`)."""

    request: TurnRequest
    params: dict[str, Any]


class Wire(Protocol):
    """One generating endpoint of one provider."""

    @property
    def dialect(self) -> str:
        """Its name in the store."""
        ...

    def parse(self, body: bytes) -> Parsed:
        """Read a request body.

        Raises:
            ClientError: whatever is wrong with it; no other exception, whatever the bytes.
        """
        ...

    def restore(self, params: dict[str, Any], messages: tuple[Message, ...], digest: bytes) -> Parsed:
        """The request again, from what the store kept of it; the inverse of `parse`."""
        ...

    def whole(self, plan: Plan, asked: Parsed) -> bytes:
        """The body of a response that is not streamed."""
        ...

    def frames(self, plan: Plan, asked: Parsed) -> Iterator[Frame]:
        """The frames of a streamed response, in the order they leave; their tokens never decrease."""
        ...

    def headers(self, plan: Plan, asked: Parsed) -> tuple[tuple[str, str], ...]:
        """The provider's response headers (content type, request id, processing time, version)."""
        ...

    def refuse(self, error: ClientError, request_digest: bytes) -> Refusal:
        """An error in this dialect; `request_digest` (16 bytes) makes its request id."""
        ...
