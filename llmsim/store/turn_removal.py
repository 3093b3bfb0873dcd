"""Removing one turn, with all that was said before and after it left whole.

What continues the turn then continues what came before it, and carries what was said in between as messages of its own:
no place, chain or number of another turn changes. Invariant: the store is sound afterwards (`check.py`), and has no
word of a turn that nothing continued.
"""

import attrs

from llmsim.store import resources, sessions
from llmsim.store.codec import encode
from llmsim.store.environment import View
from llmsim.store.operations import heads
from llmsim.store.schema import Session, Table, Turn, TurnKey, turn_key, within
from llmsim.store.sessions import pack_head


@attrs.frozen
class DeleteTurn:
    """Remove a turn with its outcome and whatever shows it; nothing is done where it is gone.

    The session goes with its last turn, unless it has resources or items.
    """

    session: str
    key: TurnKey

    def __call__(self, view: View) -> None:
        known = sessions.session(view, self.session)
        gone = sessions.turn(view, self.session, self.key)
        if known is None or gone is None:
            return
        others = [turn for turn in sessions.turns(view, self.session) if turn.key != self.key]
        for turn in others:
            if turn.parent == self.key:
                view.put(Table.TURNS, turn_key(self.session, turn.key), encode(_adopted(turn, gone)))
        for shown in [found for found in resources.of_session(view, self.session) if found.turn == self.key]:
            resources.DeleteResource(shown.id)(view)
        view.delete(Table.TURNS, turn_key(self.session, self.key))
        view.delete(Table.OUTCOMES, turn_key(self.session, self.key))
        self._forget_heads(view, gone, others)
        for key, record in list(view.scan(Table.IDEMPOTENCY, within(self.session))):
            if record == self.key.pack():
                view.delete(Table.IDEMPOTENCY, key)
        self._summarise(view, known, others)

    def _forget_heads(self, view: View, gone: Turn, others: list[Turn]) -> None:
        """Conversations no longer go on from the turn, but from one that says the same, where there is one."""
        for choice, digest in heads(gone):
            if view.get(Table.HEADS, within(self.session, digest)) == pack_head(gone.key, choice):
                view.delete(Table.HEADS, within(self.session, digest))
        for turn in others:
            for choice, digest in heads(turn):
                view.put(Table.HEADS, within(self.session, digest), pack_head(turn.key, choice), overwrite=False)

    def _summarise(self, view: View, known: Session, others: list[Turn]) -> None:
        if others:
            tip = known.tip if known.tip != self.key else max(turn.key for turn in others)
            summary = attrs.evolve(known, turns=len(others), tip=tip)
        elif any(True for table in (Table.RESOURCES, Table.ITEMS) for _ in view.scan(table, within(self.session))):
            summary = attrs.evolve(known, turns=0, tip=None)
        else:
            view.delete(Table.SESSIONS, self.session.encode())
            return
        view.put(Table.SESSIONS, self.session.encode(), encode(summary))


def _adopted(turn: Turn, gone: Turn) -> Turn:
    """A turn that continued the one that goes, as it continues what that one continued."""
    between = (*gone.messages, gone.replies[turn.parent_choice].message)
    return attrs.evolve(turn, parent=gone.parent, parent_choice=gone.parent_choice, messages=between + turn.messages)
