"""`POST /v1/responses/input_tokens` and `/v1/responses/compact`: what a response would go on from, counted or folded.

Neither makes a model speak, and nothing is stored. What came before is recalled as for a response.
"""

import hashlib
from collections.abc import Callable

from quart import Response
from quart_trio import QuartTrio

from llmsim.admission import Ask, session_of
from llmsim.errors import UnknownModel
from llmsim.keeping.base import recalled
from llmsim.serving.connection import asked, body_of
from llmsim.serving.openai import answer
from llmsim.serving.service import Service
from llmsim.simulation.plan import prompt_usage
from llmsim.simulation.tokens import TokenCounter, prompt_counts, request_tokens
from llmsim.turn import Message, Role, TurnRequest, Usage, place_of
from llmsim.wire.base import Parsed
from llmsim.wire.dialects import RESPONSES
from llmsim.wire.ids import keyed_id, partition_key
from llmsim.wire.openai.responses import counting
from llmsim.wire.openai.responses.counting import NAMELESS
from llmsim.wire.openai.responses.wire import told

UNIQUE_BYTES = 32


def add_compaction(app: QuartTrio, service: Service) -> None:
    """Register the routes."""

    @app.post("/v1/responses/input_tokens")
    async def count_input_tokens() -> Response:
        """How many tokens the input of a response would have."""
        body = await body_of(asked())
        parsed, _ = remembered(service, counting.parse_input_tokens(body, lenient=service.manners.lenient))
        tokens, _ = prompt_of(parsed.request, counter_of(service, parsed.request.model))
        return answer(counting.input_tokens(tokens))

    @app.post("/v1/responses/compact")
    async def compact_response() -> Response:
        """A conversation, folded into one item that stands for it."""
        body = await body_of(asked())
        parsed, session = remembered(service, counting.parse_compact(body, lenient=service.manners.lenient))
        request, counter = parsed.request, counter_of(service, parsed.request.model)
        tokens, cached = prompt_of(request, counter)
        messages = request.messages[parsed.held.at if parsed.held else 0 :]
        created_s = service.simulator.clock.stamp(place_of(session, messages))
        used = Usage(tokens, sum(prompt_counts(users(messages), counter)), cached)
        return answer(counting.compaction(messages, used, created_s, naming(service, session, created_s, body)))


def remembered(service: Service, parsed: Parsed) -> tuple[Parsed, str]:
    """The request with what came before it, and the session that it is of; raises ClientError as a response would."""
    simulator = service.simulator
    keeper = simulator.keepers.get(RESPONSES.dialect)
    with simulator.environment.read() as view:
        known = recalled(view, keeper, parsed, Ask(), simulator.moment())
    return known.parsed, known.session or session_of(known.parsed.request, None)


def counter_of(service: Service, model: str) -> TokenCounter:
    """What counts the tokens of a model; raises ClientError where nobody serves it."""
    simulator = service.simulator
    try:
        profile = simulator.profiles.default if model == NAMELESS else simulator.profile_for(model)
    except UnknownModel as error:
        raise told(error) from None
    return simulator.counters(profile.tokens.counter)


def prompt_of(request: TurnRequest, counter: TokenCounter) -> tuple[int, int]:
    """The tokens of a prompt, and how many of them a cache would hold."""
    return prompt_usage(request.messages, counter, request_tokens(request, counter))


def users(messages: tuple[Message, ...]) -> tuple[Message, ...]:
    """What users said: that is kept of a conversation beside what is folded."""
    return tuple([message for message in messages if message.role is Role.USER])


def naming(service: Service, session: str, created_s: int, body: bytes) -> Callable[[str, int], str]:
    """Ids that follow from the pod, the session and the request."""
    pod = service.simulator.pod
    seed = pod.root_seed.to_bytes(8) + pod.ordinal.to_bytes(2)
    unique = hashlib.blake2b(session.encode() + body, key=seed, digest_size=UNIQUE_BYTES).digest()
    key = partition_key(pod.ordinal, session)
    return lambda prefix, number: keyed_id(prefix, key, created_s, unique, number)
