"""OpenAI's stored chat completions: list, show, change the metadata of, delete, and the messages that were sent.

What a completion is in the store is `keeping.completions`'; how it is told, the wire's.
"""

from itertools import islice
from typing import Any

from quart import Response
from quart_trio import QuartTrio

from llmsim.admission import slot_again
from llmsim.keeping import completions as keeping
from llmsim.serving.connection import asked, body_of
from llmsim.serving.openai import answer
from llmsim.serving.service import Service
from llmsim.store.environment import View
from llmsim.store.schema import Resource
from llmsim.tokenizers import counter_named
from llmsim.wire.dialects import CHAT, WIRES
from llmsim.wire.openai.chat import stored as chat_stored
from llmsim.wire.openai.responses.requests import listing, paged

ROOT = "/v1/chat/completions"


def add_completions(app: QuartTrio, service: Service) -> None:
    """Register the routes."""
    simulator = service.simulator

    @app.get(ROOT)
    async def list_completions() -> Response:
        """A page of stored completions: `limit`, `order`, `after`, `model`, `metadata[KEY]`."""
        query = chat_stored.query_of(asked().args)
        with simulator.environment.read() as view:
            after = keeping.completion(view, simulator.pod, query.page.after) if query.page.after else None
            found = keeping.listed(view, after, query.model, query.metadata, newest=query.page.newest)
            rows = list(islice(found, query.page.limit + 1))
            told = [shown(view, one) for one in rows[: query.page.limit]]
        return answer(listing(told, more=len(rows) > query.page.limit))

    @app.get(f"{ROOT}/<completion>")
    async def show_completion(completion: str) -> Response:
        """A stored completion."""
        with simulator.environment.read() as view:
            return answer(shown(view, keeping.completion(view, simulator.pod, completion)))

    @app.post(f"{ROOT}/<completion>")
    async def update_completion(completion: str) -> Response:
        """Give a stored completion other metadata; durable when answered."""
        metadata = chat_stored.update_of(await body_of(asked()))
        with simulator.environment.read() as view:
            keeping.completion(view, simulator.pod, completion)
        changed: Resource | None = await simulator.writer.commit(keeping.Update(completion, metadata))
        if changed is None:
            raise keeping.not_found(completion)
        with simulator.environment.read() as view:
            return answer(shown(view, changed))

    @app.delete(f"{ROOT}/<completion>")
    async def delete_completion(completion: str) -> Response:
        """Remove a stored completion and its turn; durable when answered."""
        with simulator.environment.read() as view:
            keeping.completion(view, simulator.pod, completion)
        if not await simulator.writer.commit(keeping.Delete(completion)):
            raise keeping.not_found(completion)
        return answer(chat_stored.deleted(completion))

    @app.get(f"{ROOT}/<completion>/messages")
    async def list_messages(completion: str) -> Response:
        """A page of the messages that a stored completion answers: `limit`, `order`, `after`."""
        wanted = chat_stored.query_of(asked().args).page
        with simulator.environment.read() as view:
            turn = keeping.turn_of(view, keeping.completion(view, simulator.pod, completion))
        return answer(paged(chat_stored.messages(completion, turn.params), wanted))


def shown(view: View, found: Resource) -> dict[str, Any]:
    """A stored completion as it is told."""
    turn = keeping.turn_of(view, found)
    slot = slot_again(view, turn, WIRES, counter_named)
    return chat_stored.told(CHAT.whole(slot.plan, slot.asked), turn.params, found.body["metadata"])
