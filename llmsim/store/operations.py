"""Writing: each operation is a record that, called with a `View`, does all of its work in that transaction.

Invariant: an operation leaves the store's invariants (`check.py`) as it found them, or raises and leaves no trace.
"""

from collections.abc import Iterator

import attrs

from llmsim.errors import ClientError, StoreDamaged, StoreError
from llmsim.store import resources, sessions
from llmsim.store.codec import encode
from llmsim.store.environment import View
from llmsim.store.schema import (
    OF_SESSIONS,
    SESSION_ID,
    SESSION_ID_FORM,
    Outcome,
    Session,
    Table,
    Turn,
    TurnKey,
    turn_key,
    within,
)
from llmsim.store.sessions import idempotency_key, pack_head
from llmsim.turn import extend


@attrs.frozen
class PutTurn:
    """Store a turn and its profile (canonical JSON); `idempotency_key` is the client's, for the same turn again.

    Raises:
        ClientError: 409, the turn that this one continues was deleted after this one was planned.
        StoreError: there is a turn of this key already, or the turn cannot stand where it says.
    """

    turn: Turn
    profile: bytes
    idempotency_key: str | None = None

    def __call__(self, view: View) -> None:
        turn = self.turn
        require_fit(view, turn)
        if not view.put(Table.TURNS, turn_key(turn.session, turn.key), encode(turn), overwrite=False):
            raise StoreError(f"session {turn.session} has a turn {turn.key} already")
        view.put(Table.PROFILES, turn.profile, self.profile, overwrite=False)
        for choice, digest in heads(turn):
            view.put(Table.HEADS, within(turn.session, digest), pack_head(turn.key, choice), overwrite=False)
        if self.idempotency_key is not None:
            view.put(Table.IDEMPOTENCY, idempotency_key(turn.session, self.idempotency_key), turn.key.pack())
        known = sessions.session(view, turn.session)
        view.put(Table.SESSIONS, turn.session.encode(), encode(summary(known, turn)))


@attrs.frozen
class PutOutcome:
    """Record how the response of a turn ended; nothing is done where the turn has been deleted meanwhile."""

    session: str
    key: TurnKey
    outcome: Outcome

    def __call__(self, view: View) -> None:
        key = turn_key(self.session, self.key)
        if view.get(Table.TURNS, key) is not None:
            view.put(Table.OUTCOMES, key, encode(self.outcome))


@attrs.frozen
class DeleteSession:
    """Remove a session with everything it has; profiles stay, other sessions may use them.

    Raises:
        ClientError: 404, there is no such session.
    """

    session: str

    def __call__(self, view: View) -> None:
        if sessions.session(view, self.session) is None:
            raise no_session(self.session)
        view.delete(Table.SESSIONS, self.session.encode())
        resources.forget_names(view, self.session)
        for table in OF_SESSIONS:
            for key in [key for key, _ in view.scan(table, within(self.session))]:
                view.delete(table, key)


@attrs.frozen
class ForkSession:
    """A new session with the turns from the root to `at`, their outcomes, and their origins; its ids stay behind.

    Raises:
        ClientError: 400, the new id is none; 404, there is no such session or turn; 409, the new id is taken.
    """

    session: str
    at: TurnKey | None
    new: str

    def __call__(self, view: View) -> None:
        if sessions.session(view, self.session) is None:
            raise no_session(self.session)
        if sessions.session(view, self.new) is not None:
            raise ClientError(f"Session '{self.new}' exists already.", status=409, code="session_exists")
        if SESSION_ID.fullmatch(self.new) is None:
            raise ClientError(f"Invalid session id {self.new!r}: expected {SESSION_ID_FORM}")
        if self.at is None or sessions.turn(view, self.session, self.at) is None:
            raise ClientError(
                f"Session '{self.session}' has no turn '{self.at or 1}'.", status=404, code="turn_not_found"
            )
        path = list(sessions.upwards(view, self.session, self.at))
        for turn in reversed(path):
            body = sessions.profile(view, turn.profile)
            if body is None:
                raise StoreDamaged(f"the profile {turn.profile.hex()} of turn {turn.key} is not stored")
            PutTurn(attrs.evolve(turn, session=self.new), body)(view)
            outcome = sessions.outcome(view, self.session, turn.key)
            if outcome is not None:
                PutOutcome(self.new, turn.key, outcome)(view)
        forked = sessions.session(view, self.new)
        assert forked is not None  # noqa: S101  (a path has at least one turn, and each made or kept the summary)
        view.put(Table.SESSIONS, self.new.encode(), encode(attrs.evolve(forked, forked_from=self.session)))


def require_fit(view: View, turn: Turn) -> None:
    """Make sure that this turn can stand where it says; raises as `PutTurn`.

    That its chain follows from its parent's reply is not computed again for each turn: the key of the parent is a
    digest of what it says, and `check` looks at the rest.
    """
    if SESSION_ID.fullmatch(turn.session) is None or not turn.replies:
        raise StoreError(f"turn {turn.key} of session {turn.session!r} cannot be stored: no session id, or no reply")
    if turn.parent is None:
        return
    if turn.parent.number >= turn.key.number:
        raise StoreError(f"turn {turn.key} of session {turn.session} cannot continue turn {turn.parent}")
    if view.get(Table.TURNS, turn_key(turn.session, turn.parent)) is None:
        message = f"Turn '{turn.parent}' of session '{turn.session}', which this turn continues, is gone."
        raise ClientError(message, status=409, code="session_changed")


def heads(turn: Turn) -> Iterator[tuple[int, bytes]]:
    """For each choice of a turn, the chain digest with which a conversation goes on from it."""
    for choice, reply in enumerate(turn.replies):
        yield choice, extend(turn.chain, reply.message)


def summary(known: Session | None, turn: Turn) -> Session:
    """The summary of a session after one more turn."""
    if known is None:
        return Session(turn.session, turn.created_s, turn.created_s, 1, turn.key)
    return attrs.evolve(
        known,
        created_s=min(known.created_s, turn.created_s),
        updated_s=max(known.updated_s, turn.created_s),
        turns=known.turns + 1,
        tip=turn.key,
    )


def no_session(session: str) -> ClientError:
    """Nobody knows this session."""
    return ClientError(f"Session '{session}' not found.", status=404, code="session_not_found")
