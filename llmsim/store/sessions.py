"""Reading: sessions, turns, transcripts, and where a conversation that arrives has been heard before.

Every function takes a `View`, so that one request sees one moment of the store. Nothing here writes.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import count

import attrs

from llmsim.errors import ClientError, StoreDamaged
from llmsim.store.codec import decode
from llmsim.store.environment import View
from llmsim.store.schema import STORED_SESSION_ID, Outcome, Session, Table, Turn, TurnKey, turn_key, within
from llmsim.store.views import NoSuchTurn, find_turn
from llmsim.turn import Message

KEY_BYTES = 16
CHOICE_BYTES = 2
SESSION_ID_MAX = 128


@attrs.frozen
class Parent:
    """The turn and choice that a conversation continues; its messages from index `new_from` on are new."""

    key: TurnKey
    choice: int
    new_from: int


def sessions(view: View, prefix: str = "", after: str = "", limit: int | None = None) -> Iterator[Session]:
    """Summaries in order of their ids: those with the prefix, after `after`, at most `limit` of them."""
    for seen, (_, record) in enumerate(view.scan(Table.SESSIONS, _searched(prefix), _searched(after))):
        if seen == limit:
            return
        yield decode(record, Session)


def _searched(text: str) -> bytes:
    """What to look for in the keys for a text of the caller's: any text at all, longer than any id if need be."""
    return text[: SESSION_ID_MAX + 1].encode("utf-8", "surrogatepass")


def session(view: View, session_id: str) -> Session | None:
    """One summary; None also for what cannot be a session id."""
    if STORED_SESSION_ID.fullmatch(session_id) is None:
        return None
    record = view.get(Table.SESSIONS, session_id.encode())
    return decode(record, Session) if record is not None else None


def turns(view: View, session_id: str, after: TurnKey | None = None) -> Iterator[Turn]:
    """The turns of a session in turn order, all of them or those after one."""
    start = turn_key(session_id, after) if after else b""
    for _, record in view.scan(Table.TURNS, within(session_id), start):
        yield decode(record, Turn)


def turn(view: View, session_id: str, key: TurnKey) -> Turn | None:
    """One turn."""
    record = view.get(Table.TURNS, turn_key(session_id, key))
    return decode(record, Turn) if record is not None else None


def turn_named(view: View, session: Session, asked: str) -> TurnKey:
    """The turn of a session that a number or a turn id means (`views.find_turn`); a turn id costs one look.

    Raises:
        ClientError: 404, there is none, or more than one.
    """

    def stored(key: TurnKey) -> bool:
        return view.get(Table.TURNS, turn_key(session.id, key)) is not None

    try:
        return find_turn(asked, session.tip, stored, lambda: parents(view, session.id))
    except NoSuchTurn as error:
        raise ClientError(f"Session '{session.id}': {error}", status=404, code="turn_not_found") from None


def parents(view: View, session_id: str) -> dict[TurnKey, TurnKey | None]:
    """The shape of a session: each turn and the one it continues."""
    return {turn.key: turn.parent for turn in turns(view, session_id)}


def fork_name(view: View, session_id: str) -> str:
    """The first free id of the form `SESSION.fork-N` for a fork of this session."""
    return next(name for name in fork_names(session_id) if view.get(Table.SESSIONS, name.encode()) is None)


def fork_names(session_id: str) -> Iterator[str]:
    """`SESSION.fork-1` and so on, without end."""
    for number in count(1):
        suffix = f".fork-{number}"
        yield session_id[: SESSION_ID_MAX - len(suffix)] + suffix


def outcome(view: View, session_id: str, key: TurnKey) -> Outcome | None:
    """How the response of a turn ended; None while it lasts, and when its process died."""
    record = view.get(Table.OUTCOMES, turn_key(session_id, key))
    return decode(record, Outcome) if record is not None else None


def next_attempt(view: View, session_id: str, number: int, branch: bytes) -> int:
    """The first attempt number that no stored turn of this place and request has."""
    prefix = within(session_id, number.to_bytes(4) + branch)
    if view.get(Table.TURNS, prefix + bytes(4)) is None:
        return 0
    for key, _ in view.scan(Table.TURNS, prefix, reverse=True):
        return unpack_key(key[-KEY_BYTES:]).attempt + 1
    return 0


def parent_of(
    view: View, session_id: str, digests: Sequence[bytes], replies: Sequence[int] | None = None
) -> Parent | None:
    """The longest known beginning of a conversation: `digests` are its chain digests, oldest first.

    A reply is the last thing before new messages, so only a digest at which a reply ended can be found: `replies` are
    the places of those, ascending, where they are known.
    """
    for index in reversed(range(len(digests)) if replies is None else replies):
        record = view.get(Table.HEADS, within(session_id, digests[index]))
        if record is not None:
            key, choice = unpack_head(record)
            return Parent(key, choice, index + 1)
    return None


def upwards(view: View, session_id: str, key: TurnKey) -> Iterator[Turn]:
    """A turn, the one it continues, and so on to the root.

    Raises:
        StoreDamaged: one of them is missing, or does not come before those that continue it.
    """
    at = key
    while True:
        found = turn(view, session_id, at)
        if found is None:
            raise StoreDamaged(f"session {session_id} lacks turn {at}")
        yield found
        if found.parent is None:
            return
        if found.parent.number >= at.number:
            raise StoreDamaged(f"turn {at} of session {session_id} continues turn {found.parent}, which comes later")
        at = found.parent


def transcript(view: View, session_id: str, key: TurnKey, choice: int = 0) -> tuple[Message, ...]:
    """Everything said from the beginning up to and including this reply.

    Raises:
        StoreDamaged: the turn, the choice, or a turn on the way is missing.
    """
    parts: list[tuple[Message, ...]] = []
    for found in upwards(view, session_id, key):
        if choice >= len(found.replies):
            raise StoreDamaged(f"turn {found.key} of session {session_id} has no choice {choice}")
        parts.append((*found.messages, found.replies[choice].message))
        choice = found.parent_choice
    return tuple(message for part in reversed(parts) for message in part)


def history(view: View, session_id: str) -> tuple[Message, ...]:
    """The stored transcript of a session up to the reply that was committed last; empty where there is none."""
    known = session(view, session_id)
    return transcript(view, session_id, known.tip) if known and known.tip else ()


def context_of(view: View, turn: Turn) -> tuple[Message, ...]:
    """Every message before the reply of a stored turn."""
    if turn.parent is None:
        return turn.messages
    return transcript(view, turn.session, turn.parent, turn.parent_choice) + turn.messages


def by_idempotency_key(view: View, session_id: str, client_key: str) -> TurnKey | None:
    """The turn that this client key was answered with."""
    record = view.get(Table.IDEMPOTENCY, idempotency_key(session_id, client_key))
    return unpack_key(record) if record is not None else None


def profile(view: View, digest: bytes) -> bytes | None:
    """The canonical JSON of a profile that turns were planned with."""
    return view.get(Table.PROFILES, digest)


def idempotency_key(session_id: str, client_key: str) -> bytes:
    """The LMDB key of a client's key: digested, so that any key fits."""
    return within(session_id, hashlib.blake2b(client_key.encode(), digest_size=16).digest())


def pack_head(key: TurnKey, choice: int) -> bytes:
    """The record of a head."""
    return key.pack() + choice.to_bytes(CHOICE_BYTES)


def unpack_head(record: bytes) -> tuple[TurnKey, int]:
    """The inverse of `pack_head`; raises StoreDamaged."""
    if len(record) != KEY_BYTES + CHOICE_BYTES:
        raise StoreDamaged(f"a head has {KEY_BYTES + CHOICE_BYTES} bytes, not {len(record)}")
    return unpack_key(record[:KEY_BYTES]), int.from_bytes(record[KEY_BYTES:])


def unpack_key(record: bytes) -> TurnKey:
    """The turn key that these bytes are; raises StoreDamaged."""
    try:
        return TurnKey.unpack(record)
    except ValueError as error:
        raise StoreDamaged(str(error)) from error
