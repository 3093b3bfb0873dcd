"""The store against a model of it: a dict of dicts, to which the same operations are done."""

import shutil
import tempfile
from pathlib import Path

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmsim.store import sessions
from llmsim.store.batch import Result, apply
from llmsim.store.check import check, check_pages
from llmsim.store.environment import Environment, View
from llmsim.store.operations import DeleteSession, ForkSession, PutOutcome, PutTurn, heads
from llmsim.store.ownership import open_for
from llmsim.store.schema import Ending, Outcome, Turn, TurnKey
from llmsim.turn import Message, Role
from tests.stored import PROFILE, turn_of

ABSENT = TurnKey(9, b"nowhere!")


@attrs.define
class Known:
    """What the model knows of a session."""

    turns: dict[TurnKey, Turn] = attrs.field(factory=dict)
    outcomes: dict[TurnKey, Outcome] = attrs.field(factory=dict)
    heads: dict[bytes, tuple[TurnKey, int]] = attrs.field(factory=dict)
    keys: dict[str, TurnKey] = attrs.field(factory=dict)
    tip: TurnKey | None = None
    forked_from: str | None = None

    def add(self, turn: Turn) -> None:
        self.turns[turn.key] = turn
        self.tip = turn.key
        for choice, digest in heads(turn):
            self.heads.setdefault(digest, (turn.key, choice))

    def path(self, key: TurnKey) -> list[Turn]:
        turn = self.turns[key]
        return [*(self.path(turn.parent) if turn.parent else ()), turn]

    def said(self, key: TurnKey, choice: int) -> tuple[Message, ...]:
        turn = self.turns[key]
        before = self.said(turn.parent, turn.parent_choice) if turn.parent else ()
        return (*before, *turn.messages, Message(Role.ASSISTANT, turn.replies[choice].text))


class Spoil:
    """An operation that changes something and then fails."""

    def __init__(self, operation: PutTurn) -> None:
        self.operation = operation

    def __call__(self, view: View) -> None:
        self.operation(view)
        raise ZeroDivisionError


NAMES = st.sampled_from(["a", "a-1", "a.b", "b"])
WORDS = st.sampled_from(["hello", "why?", "go on"])


class StoreMachine(RuleBasedStateMachine):
    """The store does what a dict of dicts does, whatever the order of operations, failures and restarts."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.model: dict[str, Known] = {}
        self.environment = Environment.open(self.folder, create=True, durable=False)
        open_for(self.environment, seed=7, ordinal=0, now_s=1)

    def teardown(self) -> None:
        if not hasattr(self, "environment"):
            return
        try:
            assert check_pages(self.environment) == []
        finally:
            self.environment.close()
            shutil.rmtree(self.folder)

    def some_turn(self, data: st.DataObject, name: str) -> TurnKey | None:
        known = self.model.get(name)
        return data.draw(st.none() | st.sampled_from(sorted(known.turns))) if known else None

    def new_turn(self, data: st.DataObject, name: str, said: str) -> Turn:
        parent = self.some_turn(data, name)
        above = self.model[name].turns[parent] if parent else None
        choice = data.draw(st.integers(0, len(above.replies) - 1)) if above else 0
        turn = turn_of(name, said, above, choice=choice, replies=data.draw(st.integers(1, 3)))
        with self.environment.read() as view:
            attempt = sessions.next_attempt(view, name, turn.key.number, turn.key.branch)
        known = self.model.get(name, Known())
        same = [key.attempt for key in known.turns if attrs.evolve(key, attempt=0) == turn.key]
        assert attempt == max(same, default=-1) + 1
        return attrs.evolve(turn, key=attrs.evolve(turn.key, attempt=attempt))

    @rule(data=st.data(), name=NAMES, said=WORDS, client_key=st.none() | WORDS)
    def put_turn(self, data: st.DataObject, name: str, said: str, client_key: str | None) -> None:
        turn = self.new_turn(data, name, said)
        assert apply(self.environment, [PutTurn(turn, PROFILE, client_key)]) == [Result()]
        known = self.model.setdefault(name, Known())
        known.add(turn)
        if client_key is not None:
            known.keys[client_key] = turn.key

    @rule(data=st.data(), name=NAMES, outcome=st.builds(Outcome, st.sampled_from(Ending), st.integers(0, 9)))
    def put_outcome(self, data: st.DataObject, name: str, outcome: Outcome) -> None:
        key = self.some_turn(data, name)
        assert apply(self.environment, [PutOutcome(name, key or ABSENT, outcome)]) == [Result()]
        if key:
            self.model[name].outcomes[key] = outcome

    @rule(name=NAMES)
    def delete_session(self, name: str) -> None:
        [result] = apply(self.environment, [DeleteSession(name)])
        assert (result.error is None) == (self.model.pop(name, None) is not None)

    @rule(data=st.data(), name=NAMES, new=NAMES)
    def fork_session(self, data: st.DataObject, name: str, new: str) -> None:
        key = self.some_turn(data, name)
        [result] = apply(self.environment, [ForkSession(name, key or ABSENT, new)])
        assert (result.error is None) == (key is not None and new not in self.model)
        if result.error is None and key:
            source = self.model[name]
            fork = self.model[new] = Known(forked_from=name)
            for turn in source.path(key):
                fork.add(attrs.evolve(turn, session=new))
                if turn.key in source.outcomes:
                    fork.outcomes[turn.key] = source.outcomes[turn.key]

    @rule(data=st.data(), name=NAMES, said=WORDS)
    def fail_beside_others(self, data: st.DataObject, name: str, said: str) -> None:
        """Of three in one transaction, the one in the middle changes something and fails, the others stand."""
        turn = self.new_turn(data, name, said)
        before = Outcome(Ending.FAILED, 1)
        key = self.some_turn(data, name)
        results = apply(
            self.environment,
            [
                PutOutcome(name, key or ABSENT, before),
                Spoil(PutTurn(turn, PROFILE)),
                PutOutcome(name, turn.key, before),
            ],
        )
        assert [type(result.error) for result in results] == [type(None), ZeroDivisionError, type(None)]
        if key:
            self.model[name].outcomes[key] = before

    @rule()
    def reopen(self) -> None:
        self.environment.close()
        self.environment = Environment.open(self.folder, durable=False)

    @precondition(lambda self: hasattr(self, "environment"))
    @invariant()
    def store_is_sound(self) -> None:
        assert check(self.environment) == []

    @precondition(lambda self: hasattr(self, "environment"))
    @invariant()
    def store_has_what_the_model_has(self) -> None:
        with self.environment.read() as view:
            assert [(one.id, one.turns, one.tip, one.forked_from) for one in sessions.sessions(view)] == [
                (name, len(known.turns), known.tip, known.forked_from) for name, known in sorted(self.model.items())
            ]
            for name, known in self.model.items():
                assert list(sessions.turns(view, name)) == [known.turns[key] for key in sorted(known.turns)]
                for key, turn in known.turns.items():
                    assert sessions.outcome(view, name, key) == known.outcomes.get(key)
                    for choice, digest in heads(turn):
                        assert sessions.transcript(view, name, key, choice) == known.said(key, choice)
                        owner = sessions.parent_of(view, name, [digest, b"something new"])
                        assert owner == sessions.Parent(*known.heads[digest], 1)
                for client_key, key in known.keys.items():
                    assert sessions.by_idempotency_key(view, name, client_key) == key
