"""OpenAI's conversations: a resource, and the items of the session that it lives in.

A conversation has a session of its own, so that all responses in it share its place in the store, and whoever deletes
or moves the session takes all of it along. Items are appended by operations, which name them: an id that a client gave
stays where it is free. In its body, `added` counts the items that clients put into it, and `running` is the background
response that holds it, until that is over.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import attrs

from llmsim.errors import ClientError
from llmsim.keeping.base import refuse_foreign
from llmsim.store import resources
from llmsim.store.environment import View
from llmsim.store.operations import DeleteSession
from llmsim.store.resources import ID_MAX_BYTES, AppendItems, Count, DeleteItem, PutResource
from llmsim.store.schema import Resource
from llmsim.turn import DIGEST_BYTES, ROOT, Place, Pod
from llmsim.wire.ids import key_last_id, partition_key
from llmsim.wire.openai.responses import errors as responses_errors
from llmsim.wire.openai.responses.items import named, prefix_of

KIND = "openai.conversation"
UNIQUE_BYTES = 32
Item = Mapping[str, Any]


def conversation(view: View, pod: Pod, conversation_id: str) -> Resource:
    """The conversation of this id.

    Raises:
        ClientError: 404, there is none; 421, it is another pod's.
    """
    found = resources.resource(view, conversation_id)
    if found is None or found.kind != KIND:
        refuse_foreign(pod, conversation_id)
        raise responses_errors.conversation_not_found(conversation_id)
    return found


def item_in(view: View, known: Resource, item_id: str) -> tuple[int, dict[str, Any]]:
    """The position and the body of an item of a conversation; raises ClientError 404 where it has none of this id."""
    found = resources.item(view, item_id)
    if found is None or found[0] != known.session:
        raise responses_errors.item_not_in_conversation(item_id)
    return found[1], found[2]


@attrs.frozen
class MakeConversation:
    """Make a conversation and return it. Those that begin alike are told apart by how many there were.

    `stamp` gives the unix seconds of a place; `items` are in stored form; `digest` (16 bytes) is of what was asked.

    Raises:
        ClientError: 409, the session that was named has a conversation already.
    """

    pod: Pod
    stamp: Callable[[Place], int]
    digest: bytes
    session: str | None
    metadata: dict[str, str]
    items: Sequence[Item]

    def __call__(self, view: View) -> Resource:
        begun = hashlib.blake2b(self.digest + (self.session or "").encode(), digest_size=DIGEST_BYTES).digest()
        number = resources.counted(view, begun) + 1
        unique = self._unique(begun, number)
        session = self.session or "conv-" + unique[:16].hex()
        if any(found.kind == KIND for found in resources.of_session(view, session)):
            raise ClientError(f"Session '{session}' has a conversation already.", status=409, code="session_exists")
        created_s = self.stamp(Place(session, 1, ROOT))
        made_id = key_last_id("conv", partition_key(self.pod.ordinal, session), created_s, unique)
        made = Resource(made_id, session, KIND, created_s, {"metadata": self.metadata, "added": 0})
        Count(begun, number)(view)
        PutResource(made)(view)
        AddItems(self.pod, made_id, self.items, created_s)(view)
        return made

    def _unique(self, begun: bytes, number: int) -> bytes:
        seed = self.pod.root_seed.to_bytes(8) + self.pod.ordinal.to_bytes(2)
        return hashlib.blake2b(begun + number.to_bytes(8), key=seed, digest_size=UNIQUE_BYTES).digest()


@attrs.frozen
class AddItems:
    """Append items (in stored form) that a client puts into a conversation; returns them as they are stored.

    Raises:
        ClientError: 404, there is no such conversation.
    """

    pod: Pod
    conversation: str
    items: Sequence[Item]
    created_s: int

    def __call__(self, view: View) -> list[dict[str, Any]]:
        known = conversation(view, self.pod, self.conversation)
        key = partition_key(self.pod.ordinal, known.session)
        unique = hashlib.blake2b(known.id.encode(), digest_size=UNIQUE_BYTES).digest()
        first = known.body["added"]
        fresh = [
            key_last_id(prefix_of(item), key, self.created_s, unique, number)
            for number, item in enumerate(self.items, first)
        ]
        if fresh:
            PutResource(attrs.evolve(known, body=known.body | {"added": first + len(fresh)}))(view)
        return append(view, known.session, zip(self.items, fresh, strict=True))


@attrs.frozen
class Update:
    """Give a conversation other metadata, and return it; raises ClientError 404."""

    pod: Pod
    id: str
    metadata: dict[str, str]

    def __call__(self, view: View) -> Resource:
        known = conversation(view, self.pod, self.id)
        changed = attrs.evolve(known, body=known.body | {"metadata": self.metadata})
        PutResource(changed)(view)
        return changed


@attrs.frozen
class Remove:
    """Remove a conversation with its session: its items, its responses and their turns; raises ClientError 404."""

    pod: Pod
    id: str

    def __call__(self, view: View) -> Resource:
        known = conversation(view, self.pod, self.id)
        DeleteSession(known.session)(view)
        return known


@attrs.frozen
class RemoveItem:
    """Remove one item of a conversation, and return the conversation; raises ClientError 404."""

    pod: Pod
    id: str
    item: str

    def __call__(self, view: View) -> Resource:
        known = conversation(view, self.pod, self.id)
        item_in(view, known, self.item)
        DeleteItem(self.item)(view)
        return known


def hold(view: View, conversation_id: str, response_id: str | None) -> None:
    """Note which background response holds a conversation, or that none does; nothing is done where it is gone."""
    known = resources.resource(view, conversation_id)
    if known is None or known.kind != KIND:
        return
    body = {key: value for key, value in known.body.items() if key != "running"}
    if response_id is not None:
        body["running"] = response_id
    PutResource(attrs.evolve(known, body=body))(view)


def append(view: View, session: str, items: Iterable[tuple[Item, str]]) -> list[dict[str, Any]]:
    """Append items, each with the id for it where its own is not free; returns them as they are stored."""
    done = []
    for item, fresh in items:
        given = item.get("id")
        body = named(item, fresh) if given is None or _free(view, given) else {**item, "id": fresh}
        AppendItems(session, (body,))(view)
        done.append(body)
    return done


def _free(view: View, item_id: str) -> bool:
    length = len(item_id.encode("utf-8", "surrogatepass"))
    return 0 < length <= ID_MAX_BYTES and not resources.taken(view, item_id)
