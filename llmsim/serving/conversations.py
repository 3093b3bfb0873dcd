"""OpenAI's conversations and their items: create, show, update, delete; durable when answered.

What a conversation is in the store is `keeping.conversations`'. Deleting one deletes its session, with its items and
responses: deleted is deleted. Whoever looks at items sees those of a background response as soon as it is over.
"""

import hashlib
from itertools import islice
from typing import Any

from quart import Response
from quart_trio import QuartTrio

from llmsim.errors import ClientError
from llmsim.keeping import background
from llmsim.keeping import conversations as keeping
from llmsim.keeping.responses import holder_of
from llmsim.serving.connection import asked, body_of
from llmsim.serving.inference import ask_of
from llmsim.serving.openai import answer, included, page
from llmsim.serving.service import Service
from llmsim.store import resources
from llmsim.store.schema import SESSION_ID, SESSION_ID_FORM, Resource
from llmsim.turn import DIGEST_BYTES
from llmsim.wire.openai.responses import conversations
from llmsim.wire.openai.responses.requests import listing

ROOT = "/v1/conversations"


def add_conversations(app: QuartTrio, service: Service) -> None:
    """Register the routes."""
    add_resource(app, service)
    add_items(app, service)


def add_resource(app: QuartTrio, service: Service) -> None:
    """Register what concerns conversations as a whole."""
    simulator = service.simulator

    @app.post(ROOT)
    async def create_conversation() -> Response:
        """A new conversation, with its first items and metadata; `X-LLMSim-Session` names its session."""
        body = await body_of(asked())
        creation = conversations.parse_create(body, lenient=service.manners.lenient)
        digest = hashlib.blake2b(body, digest_size=DIGEST_BYTES).digest()
        stamp = simulator.clock.stamp
        making = keeping.MakeConversation(
            simulator.pod, stamp, digest, session_named(), creation.metadata, creation.items
        )
        return answer(shown(await simulator.writer.commit(making)))

    @app.get(f"{ROOT}/<conversation>")
    async def show_conversation(conversation: str) -> Response:
        """One conversation."""
        with simulator.environment.read() as view:
            return answer(shown(keeping.conversation(view, simulator.pod, conversation)))

    @app.post(f"{ROOT}/<conversation>")
    async def update_conversation(conversation: str) -> Response:
        """Other metadata for a conversation."""
        body = await body_of(asked())
        with simulator.environment.read() as view:
            keeping.conversation(view, simulator.pod, conversation)
        metadata = conversations.parse_update(body, lenient=service.manners.lenient)
        update = keeping.Update(simulator.pod, conversation, metadata)
        return answer(shown(await simulator.writer.commit(update)))

    @app.delete(f"{ROOT}/<conversation>")
    async def delete_conversation(conversation: str) -> Response:
        """Remove a conversation with its session: items, responses and turns."""
        gone = await simulator.writer.commit(keeping.Remove(simulator.pod, conversation))
        service.following.cut(gone.session)
        return answer(conversations.deleted(gone.id))


def add_items(app: QuartTrio, service: Service) -> None:
    """Register what concerns the items of a conversation."""
    simulator = service.simulator

    @app.post(f"{ROOT}/<conversation>/items")
    async def create_items(conversation: str) -> Response:
        """Append items to a conversation."""
        body = await body_of(asked())
        await known_now(service, conversation)
        included()
        items = conversations.parse_items(body, lenient=service.manners.lenient)
        adding = keeping.AddItems(simulator.pod, conversation, items, simulator.clock.now())
        return answer(listing(await simulator.writer.commit(adding), more=False))

    @app.get(f"{ROOT}/<conversation>/items")
    async def list_items(conversation: str) -> Response:
        """A page of a conversation's items: `limit`, `order`, `after`."""
        known = await known_now(service, conversation)
        wanted = page()
        with simulator.environment.read() as view:
            after = keeping.item_in(view, known, wanted.after)[0] if wanted.after else None
            found = resources.items(view, known.session, after=after, reverse=wanted.newest)
            items = list(islice(found, wanted.limit + 1))
        return answer(listing(items[: wanted.limit], more=len(items) > wanted.limit))

    @app.get(f"{ROOT}/<conversation>/items/<item>")
    async def show_item(conversation: str, item: str) -> Response:
        """One item of a conversation."""
        known = await known_now(service, conversation)
        included()
        with simulator.environment.read() as view:
            return answer(keeping.item_in(view, known, item)[1])

    @app.delete(f"{ROOT}/<conversation>/items/<item>")
    async def delete_item(conversation: str, item: str) -> Response:
        """Remove one item; answered with the conversation."""
        await known_now(service, conversation)
        return answer(shown(await simulator.writer.commit(keeping.RemoveItem(simulator.pod, conversation, item))))


async def known_now(service: Service, conversation: str) -> Resource:
    """The conversation, once a background response in it that is over has left its items there; raises ClientError."""
    simulator = service.simulator
    moment = simulator.moment()
    with simulator.environment.read() as view:
        known = keeping.conversation(view, simulator.pod, conversation)
        holder = holder_of(view, known)
    if holder is not None and background.due(holder, moment):
        await simulator.writer.commit(background.End(holder.id, moment))
    return known


def shown(known: Resource) -> dict[str, Any]:
    """A conversation as it is told."""
    return conversations.resource(known.id, known.created_s, known.body["metadata"])


def session_named() -> str | None:
    """The session that the request names for a new conversation; raises ClientError where it can be none."""
    ask = ask_of({name.lower(): value for name, value in asked().headers.items()})
    if ask.session is not None and SESSION_ID.fullmatch(ask.session) is None:
        raise ClientError(f"Invalid X-LLMSim-Session header: expected {SESSION_ID_FORM}")
    return ask.session
