"""The store against a model of it: a dict of dicts, to which the same operations are done."""

import shutil
import tempfile
from pathlib import Path
from typing import Any

import attrs
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmsim.store import resources, sessions
from llmsim.store.batch import Result, apply
from llmsim.store.check import check, check_pages
from llmsim.store.environment import Environment, View
from llmsim.store.operations import DeleteSession, ForkSession, PutOutcome, PutTurn, heads
from llmsim.store.ownership import open_for
from llmsim.store.resources import AppendItems, DeleteItem, DeleteResource, PutResource
from llmsim.store.schema import Ending, Outcome, Resource, Table, Turn, TurnKey
from llmsim.store.turn_removal import DeleteTurn
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
    resources: dict[str, Resource] = attrs.field(factory=dict)
    items: dict[int, dict[str, Any]] = attrs.field(factory=dict)
    tip: TurnKey | None = None
    forked_from: str | None = None

    def add(self, turn: Turn) -> None:
        self.turns[turn.key] = turn
        self.tip = turn.key
        for choice, digest in heads(turn):
            self.heads.setdefault(digest, (turn.key, choice))

    def remove(self, key: TurnKey) -> None:
        gone = self.turns.pop(key)
        for turn in list(self.turns.values()):
            if turn.parent == key:
                said = (*gone.messages, gone.replies[turn.parent_choice].message, *turn.messages)
                adopted = attrs.evolve(turn, parent=gone.parent, parent_choice=gone.parent_choice, messages=said)
                self.turns[turn.key] = adopted
        self.outcomes.pop(key, None)
        self.keys = {client: answered for client, answered in self.keys.items() if answered != key}
        self.resources = {name: found for name, found in self.resources.items() if found.turn != key}
        self.heads = {digest: owner for digest, owner in self.heads.items() if owner[0] != key}
        for left in sorted(self.turns):
            for choice, digest in heads(self.turns[left]):
                self.heads.setdefault(digest, (left, choice))
        if self.tip == key:
            self.tip = max(self.turns, default=None)

    @property
    def empty(self) -> bool:
        return not (self.turns or self.resources or self.items)

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


IDS = st.sampled_from(["one", "two", "three", "four"])
LISTS = st.sampled_from([(), ("all",), ("all", "running")])
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
        return data.draw(st.none() | st.sampled_from(sorted(known.turns))) if known and known.turns else None

    def taken(self) -> dict[str, str]:
        """Every id that leads somewhere, and the session that it leads to."""
        found: dict[str, str] = {}
        for name, known in self.model.items():
            found |= dict.fromkeys([*known.resources, *(body["id"] for body in known.items.values())], name)
        return found

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

    @rule(data=st.data(), name=NAMES)
    def delete_turn(self, data: st.DataObject, name: str) -> None:
        key = self.some_turn(data, name)
        assert apply(self.environment, [DeleteTurn(name, key or ABSENT)]) == [Result()]
        if key:
            self.model[name].remove(key)
            if self.model[name].empty:
                del self.model[name]

    @rule(data=st.data(), name=NAMES, made=IDS, lists=LISTS, said=WORDS, stamp_s=st.integers(0, 3))
    def put_resource(
        self, data: st.DataObject, name: str, made: str, lists: tuple[str, ...], said: str, stamp_s: int
    ) -> None:
        """One that shows a turn that is gone is not stored; an id that something else has is refused."""
        key = ABSENT if data.draw(st.integers(0, 5)) == 0 else self.some_turn(data, name)
        found = Resource(made, name, "test", stamp_s, {"said": said}, key, lists)
        free = made in self.model.get(name, Known()).resources or made not in self.taken()
        [result] = apply(self.environment, [PutResource(found)])
        assert (result.error is None) == (free or key == ABSENT)
        if free and key != ABSENT:
            self.model.setdefault(name, Known()).resources[made] = found

    @rule(made=IDS)
    def delete_resource(self, made: str) -> None:
        assert apply(self.environment, [DeleteResource(made)]) == [Result()]
        for known in self.model.values():
            known.resources.pop(made, None)

    @rule(name=NAMES, ids=st.lists(IDS, max_size=3), said=WORDS)
    def append_items(self, name: str, ids: list[str], said: str) -> None:
        bodies = tuple({"id": one, "said": said} for one in ids)
        free = len(set(ids)) == len(ids) and not set(ids) & set(self.taken())
        [result] = apply(self.environment, [AppendItems(name, bodies)])
        assert (result.error is None) == (name in self.model and free)
        if result.error is None:
            known = self.model[name]
            known.items |= dict(enumerate(bodies, max(known.items, default=-1) + 1))

    @rule(made=IDS)
    def delete_item(self, made: str) -> None:
        assert apply(self.environment, [DeleteItem(made)]) == [Result()]
        for known in self.model.values():
            known.items = {at: body for at, body in known.items.items() if body["id"] != made}

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
                for client_key in ("hello", "why?", "go on"):
                    assert sessions.by_idempotency_key(view, name, client_key) == known.keys.get(client_key)

    @precondition(lambda self: hasattr(self, "environment"))
    @invariant()
    def ids_lead_where_the_model_says(self) -> None:
        with self.environment.read() as view:
            for name, known in self.model.items():
                assert {found.id: found for found in resources.of_session(view, name)} == known.resources
                assert dict(resources.placed(view, name)) == known.items
                for at, body in known.items.items():
                    assert resources.item(view, body["id"]) == (name, at, body)
            every = [found for known in self.model.values() for found in known.resources.values()]
            for name in ("all", "running"):
                listed = sorted((found.created_s, found.id) for found in every if name in found.lists)
                assert [(found.created_s, found.id) for found in resources.listed(view, name)] == listed
            assert view.count(Table.NAMES) == len(self.taken())
