"""What the reference servers answer, apart from any framework: bare, or with llmsim's own planning and wire.

`Bare` reads a request's JSON, checks nothing, and says the last message back in as many bytes as llmsim would. `Same`
does what llmsim does to make its answer (validation, session and place, draws, plan, wire) and stores nothing. Both
give a stream as (seconds after the request, bytes) with the pace of `bench-paced`.
"""

import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Protocol

import attrs
import orjson

from llmsim.admission import session_of
from llmsim.catalog import profiles_dir
from llmsim.clock import Clock
from llmsim.profile import Profiles
from llmsim.simulation.plan import Plan, plan_turn
from llmsim.tokenizers import counter_named
from llmsim.turn import Pod, place_of
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import CHAT

PROFILES = Path(__file__).parents[1] / "profiles"
FIRST_S, STEP_S = 0.2, 0.05
PIECE_CHARS = 6
"""Of a bare stream: about as many pieces as llmsim's tokens."""
JSON = "application/json"
EVENTS = "text/event-stream"
Headers = list[tuple[str, str]]


@attrs.frozen
class Answer:
    """Headers, and a body at once or in time."""

    headers: Headers
    body: bytes | Iterator[tuple[float, bytes]]


class Answers(Protocol):
    """Who makes answers."""

    def __call__(self, body: bytes) -> Answer:
        """Answer a request body."""
        ...


class Bare:
    """As little as a stand-in can do."""

    def __init__(self) -> None:
        self._numbers = count()

    def __call__(self, body: bytes) -> Answer:
        asked = orjson.loads(body)
        said = asked["messages"][-1]["content"]
        head = {
            "id": f"chatcmpl-{next(self._numbers):029}",
            "object": "chat.completion",
            "created": 1_767_225_600,
            "model": asked["model"],
        }
        if asked.get("stream"):
            return Answer([("content-type", EVENTS)], stream(head, said))
        message = {"role": "assistant", "content": said, "refusal": None, "annotations": []}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        tokens = len(said) // PIECE_CHARS
        usage = {
            "prompt_tokens": tokens,
            "completion_tokens": tokens,
            "total_tokens": 2 * tokens,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": 0,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }
        tail = {"service_tier": "default", "system_fingerprint": "fp_0123456789"}
        return Answer([("content-type", JSON)], orjson.dumps({**head, "choices": [choice], "usage": usage, **tail}))


def stream(head: dict[str, object], said: str) -> Iterator[tuple[float, bytes]]:
    """The role, a chunk for each piece, the end; what is alike in all chunks is written once."""
    before = orjson.dumps({**head, "object": "chat.completion.chunk", "system_fingerprint": "fp_0123456789"})[:-1]
    before = b"data: " + before + b',"choices":[{"index":0,"delta":'
    after = b',"logprobs":null,"finish_reason":null}]}\n\n'
    yield FIRST_S, before + b'{"role":"assistant","content":"","refusal":null}' + after
    due = FIRST_S
    for number, at in enumerate(range(0, len(said), PIECE_CHARS)):
        due = FIRST_S + number * STEP_S
        yield due, b"".join((before, b'{"content":', orjson.dumps(said[at : at + PIECE_CHARS]), b"}", after))
    yield due, before + b"{}" + after.replace(b"null}]", b'"stop"}]') + b"data: [DONE]\n\n"


class Same:
    """What llmsim does, without a store."""

    def __init__(self) -> None:
        self._profiles = Profiles.load((PROFILES,), profiles_dir())
        self._clock = Clock()
        self._pod = Pod(7, 0)

    def __call__(self, body: bytes) -> Answer:
        parsed = CHAT.parse(body, {})
        request = parsed.request
        profile = self._profiles.for_model(request.model) or self._profiles.default
        place = place_of(session_of(request, None), request.messages)
        plan = plan_turn(
            profile,
            self._pod,
            place,
            request,
            request.messages,
            created_s=self._clock.stamp(place),
            counter=counter_named(profile.tokens.counter),
        )
        headers = list(CHAT.headers(plan, parsed))
        return Answer(headers, planned(plan, parsed) if request.stream else CHAT.whole(plan, parsed))


def planned(plan: Plan, parsed: Parsed) -> Iterator[tuple[float, bytes]]:
    """llmsim's frames at their times."""
    for frame in CHAT.frames(plan, parsed):
        yield plan.timeline.due_us(frame.token) / 1e6, frame.data


def chosen() -> tuple[int, Answers]:
    """The port and the kind of answers that the command line names."""
    port, kind = sys.argv[1:]
    return int(port), Bare() if kind == "bare" else Same()
