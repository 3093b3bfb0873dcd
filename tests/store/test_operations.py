import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from llmsim.errors import ClientError, StoreError
from llmsim.store import sessions
from llmsim.store.check import check, check_pages
from llmsim.store.environment import Environment, View
from llmsim.store.operations import DeleteSession, ForkSession, PutOutcome, PutTurn, heads
from llmsim.store.ownership import open_for
from llmsim.store.schema import Ending, Outcome, Session, Table, Turn, TurnKey, within
from llmsim.store.writer import Result, apply
from llmsim.turn import Message, Role
from tests.stored import PROFILE, checked, conversation, put, turn_of

ABSENT = TurnKey(9, b"nowhere!")


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    with checked(tmp_path) as opened:
        open_for(opened, seed=7, ordinal=0, now_s=1)
        yield opened


def done(environment: Environment, operation: Any) -> None:  # noqa: ANN401
    with environment.write() as view:
        operation(view)


def everything(environment: Environment) -> dict[Table, dict[bytes, bytes]]:
    with environment.read() as view:
        return {table: dict(view.scan(table)) for table in Table}


def test_put_turn_of_a_new_session_makes_its_summary(environment: Environment) -> None:
    turn = turn_of("s", "hello")
    put(environment, turn)
    with environment.read() as view:
        assert sessions.session(view, "s") == Session("s", turn.created_s, turn.created_s, 1, turn.key)
        assert sessions.turn(view, "s", turn.key) == turn
        assert sessions.profile(view, turn.profile) == PROFILE


def test_put_turn_of_a_known_session_keeps_its_summary_in_step(environment: Environment) -> None:
    first, second, third = conversation("s", 3)
    early = attrs.evolve(turn_of("s", "another beginning"), created_s=5)
    put(environment, first, second, third, early)
    with environment.read() as view:
        assert sessions.session(view, "s") == Session("s", 5, third.created_s, 4, early.key)


def test_put_turn_that_is_there_already_is_refused(environment: Environment) -> None:
    turn = turn_of("s", "hello")
    put(environment, turn)
    before = everything(environment)
    with pytest.raises(StoreError, match=f"session s has a turn {turn.key} already"):
        done(environment, PutTurn(turn, PROFILE))
    assert everything(environment) == before


def test_put_turn_whose_parent_was_deleted_is_a_conflict(environment: Environment) -> None:
    first, second = conversation("s", 2)
    put(environment, first)
    done(environment, DeleteSession("s"))
    with pytest.raises(ClientError, match=f"Turn '{first.key}' of session 's', .* is gone") as caught:
        done(environment, PutTurn(second, PROFILE))
    assert (caught.value.status, caught.value.code) == (409, "session_changed")


@pytest.mark.parametrize("change", [{"session": ""}, {"session": "a b"}, {"session": "x" * 129}, {"replies": ()}])
def test_put_turn_that_no_session_could_have_is_refused(environment: Environment, change: dict[str, Any]) -> None:
    with pytest.raises(StoreError, match="cannot be stored"):
        done(environment, PutTurn(attrs.evolve(turn_of("s", "hello"), **change), PROFILE))


def test_put_turn_before_its_parent_is_refused(environment: Environment) -> None:
    first, second = conversation("s", 2)
    put(environment, first)
    with pytest.raises(StoreError, match=f"cannot continue turn {first.key}"):
        done(environment, PutTurn(attrs.evolve(second, key=attrs.evolve(second.key, number=1)), PROFILE))


def test_put_turn_of_a_second_attempt_leaves_the_head_to_the_first(environment: Environment) -> None:
    first, again = turn_of("s", "hello"), turn_of("s", "hello", attempt=1)
    put(environment, first, again)
    with environment.read() as view:
        parent = sessions.parent_of(view, "s", [digest for _, digest in heads(again)])
    assert parent == sessions.Parent(first.key, 0, 1)


def test_put_turn_of_a_client_key_answers_to_it_in_its_session_alone(environment: Environment) -> None:
    turn = turn_of("s", "hello")
    done(environment, PutTurn(turn, PROFILE, "a client's key of any length " * 100))
    with environment.read() as view:
        assert sessions.by_idempotency_key(view, "s", "a client's key of any length " * 100) == turn.key
        assert sessions.by_idempotency_key(view, "s", "another") is None
        assert sessions.by_idempotency_key(view, "t", "a client's key of any length " * 100) is None


def test_put_outcome_of_a_deleted_turn_does_nothing(environment: Environment) -> None:
    turn = turn_of("s", "hello")
    done(environment, PutOutcome("s", turn.key, Outcome(Ending.COMPLETED, 1)))
    with environment.read() as view:
        assert sessions.outcome(view, "s", turn.key) is None


def test_delete_session_removes_all_of_it_and_nothing_else(environment: Environment) -> None:
    put(environment, *conversation("s", 2), *conversation("s.fork-1", 2), *conversation("r", 2))
    before = everything(environment)
    other = turn_of("s", "another beginning", replies=3)
    put(environment, *conversation("s-1", 5))
    done(environment, DeleteSession("s-1"))
    assert everything(environment) == before
    done(environment, PutTurn(other, PROFILE, "key"))
    done(environment, DeleteSession("s"))
    left = everything(environment)
    assert left[Table.PROFILES] == before[Table.PROFILES]
    for table in set(Table) - {Table.PROFILES, Table.META}:
        assert left[table] == {
            key: value for key, value in before[table].items() if key != b"s" and not key.startswith(within("s"))
        }


@pytest.mark.parametrize("name", ["nobody", "", "x" * 600, "a\0b", "\ud800"])
def test_delete_session_that_nobody_knows_is_not_found(environment: Environment, name: str) -> None:
    with pytest.raises(ClientError) as caught:
        done(environment, DeleteSession(name))
    assert (caught.value.status, caught.value.code) == (404, "session_not_found")


def test_fork_session_has_the_path_with_its_outcomes_and_origins(environment: Environment) -> None:
    first, second, third = conversation("s", 3)
    aside = turn_of("s", "something else", first)
    put(environment, first, second, third, aside)
    done(environment, ForkSession("s", second.key, "f"))
    with environment.read() as view:
        assert list(sessions.turns(view, "f")) == [attrs.evolve(turn, session="f") for turn in (first, second)]
        assert {turn.origin.session for turn in sessions.turns(view, "f")} == {"s"}
        assert sessions.outcome(view, "f", second.key) == Outcome(Ending.COMPLETED, 3)
        assert sessions.session(view, "f") == Session(
            "f", first.created_s, second.created_s, 2, second.key, forked_from="s"
        )
        assert sessions.transcript(view, "f", second.key) == sessions.transcript(view, "s", second.key)


def test_fork_session_of_a_turn_without_outcome_has_none(environment: Environment) -> None:
    turn = turn_of("s", "hello")
    put(environment, turn, ending=None)
    done(environment, ForkSession("s", turn.key, "f"))
    with environment.read() as view:
        assert sessions.outcome(view, "f", turn.key) is None


def test_fork_session_goes_on_where_its_path_ends(environment: Environment) -> None:
    first, second = conversation("s", 2)
    put(environment, first, second)
    done(environment, ForkSession("s", first.key, "f"))
    put(environment, turn_of("f", "another way", attrs.evolve(first, session="f")))
    with environment.read() as view:
        assert [turn.key.number for turn in sessions.turns(view, "f")] == [1, 2]
        assert [turn.key for turn in sessions.turns(view, "s")] == [first.key, second.key]


@pytest.mark.parametrize(
    ("operation", "status", "code"),
    [
        (ForkSession("nobody", ABSENT, "f"), 404, "session_not_found"),
        (ForkSession("s", ABSENT, "f"), 404, "turn_not_found"),
        (ForkSession("s", ABSENT, "s"), 409, "session_exists"),
        (ForkSession("s", ABSENT, "no id"), 400, None),
    ],
)
def test_fork_session_that_cannot_be_is_the_callers_error(
    environment: Environment, operation: ForkSession, status: int, code: str | None
) -> None:
    put(environment, turn_of("s", "hello"))
    before = everything(environment)
    with pytest.raises(ClientError) as caught:
        done(environment, operation)
    assert (caught.value.status, caught.value.code) == (status, code)
    assert everything(environment) == before


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

    @invariant()
    def store_is_sound(self) -> None:
        if hasattr(self, "environment"):
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


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=40, stateful_step_count=25)
