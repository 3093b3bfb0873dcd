"""What every dialect offers, as types: bytes in, a request or a `ClientError` out; a plan in, frames or one body out.

Pure. A wire knows no time and no store; dialects know nothing of one another.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

import attrs

from llmsim.errors import ClientError
from llmsim.profile import Profile
from llmsim.simulation.plan import Plan
from llmsim.turn import Message, TurnRequest


@attrs.frozen
class Frame:
    """These bytes may leave once token number `token` of the turn is there (0: at once; the first token is 1).

    `sealed`: and not before what the response leaves behind is durable, where it leaves anything. A sealed frame tells
    the client that the response is whole; all frames after it are sealed as well.
    """

    token: int
    data: bytes
    sealed: bool = False


@attrs.frozen
class Refusal:
    """An error as the provider sends it."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@attrs.frozen
class Held:
    """What the provider's own API is to remember of a request, or has been asked to go on from.

    Args:
        previous: the id of the response that is continued.
        conversation: the id of the conversation that is continued, and gets what is said.
        references: ids of items that the request names instead of repeating them.
        at: before which of the request's messages that stands which is remembered.
        kept: whether the response can be asked for by its id afterwards.
        background: whether it is answered at once, and made meanwhile.
    """

    previous: str | None = None
    conversation: str | None = None
    references: tuple[str, ...] = ()
    at: int = 0
    kept: bool = True
    background: bool = False


@attrs.frozen
class Parsed:
    """A request understood: in no dialect (`request`), and the keys this dialect needs to answer again (`params`).

    `held` says what the provider's API remembers of it; None where it remembers nothing. `params` are JSON.
    """

    request: TurnRequest
    params: dict[str, Any]
    held: Held | None = None

    @property
    def goes_on(self) -> bool:
        """The request says only what is new: what came before is remembered."""
        return self.held is not None and not (self.held.previous is None and self.held.conversation is None)


class Wire(Protocol):
    """One generating endpoint of one provider."""

    @property
    def dialect(self) -> str:
        """Its name in the store."""
        ...

    def parse(self, body: bytes, headers: Mapping[str, str]) -> Parsed:
        """Read a request body; `headers` is looked up in lower case.

        Raises:
            ClientError: whatever is wrong with it; no other exception, whatever the bytes.
        """
        ...

    def check(self, parsed: Parsed, profile: Profile) -> None:
        """Look whether the model that this profile is takes the request; asked once all that it goes on from is known.

        Raises:
            ClientError: it does not.
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
