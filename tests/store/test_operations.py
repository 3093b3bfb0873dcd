"""What each operation does and refuses; and the store against a dict of dicts, whatever happens in what order."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import settings

from llmsim.errors import ClientError, StoreDamaged, StoreError
from llmsim.store import sessions
from llmsim.store.environment import Environment
from llmsim.store.operations import DeleteSession, ForkSession, PutOutcome, PutTurn, heads
from llmsim.store.ownership import open_for
from llmsim.store.resources import PutResource
from llmsim.store.schema import Ending, Outcome, Resource, Session, Table, TurnKey, within
from tests.store.machine import StoreMachine
from tests.stored import PROFILE, checked, conversation, fill, put, turn_of

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


@pytest.mark.leaves_unsound("no profile")
def test_fork_session_without_its_profile_is_damage(tmp_path: Path) -> None:
    turn = turn_of("s", "hello")
    with Environment.open(fill(tmp_path, sessions=0)) as environment:
        put(environment, turn)
        done(environment, lambda view: view.delete(Table.PROFILES, turn.profile))
        with pytest.raises(StoreDamaged, match=f"the profile {turn.profile.hex()} of turn {turn.key} is not stored"):
            done(environment, ForkSession("s", turn.key, "f"))


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


def test_fork_of_a_session_without_turns_is_refused(environment: Environment) -> None:
    done(environment, PutResource(Resource("conv_1", "empty", "test", 5, {})))
    with pytest.raises(ClientError, match="Session 'empty' has no turn '1'"):
        done(environment, ForkSession("empty", None, "fork"))


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=40, stateful_step_count=25)
