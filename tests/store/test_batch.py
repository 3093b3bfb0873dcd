"""Operations that share a transaction: each whole or not at all, whatever the others do."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llmsim.errors import ClientError, StoreError, StoreFull
from llmsim.store.batch import Operation, apply
from llmsim.store.environment import Environment, MapFull, View
from llmsim.store.operations import DeleteSession
from llmsim.store.ownership import open_for
from llmsim.store.schema import Table
from tests.store.callers import putting, spoiling, stored


@pytest.fixture
def environment(tmp_path: Path) -> Iterator[Environment]:
    with Environment.open(tmp_path, create=True, map_bytes=1 << 16) as opened:
        open_for(opened, seed=7, ordinal=0, now_s=1)
        yield opened


def transaction(environment: Environment) -> int:
    with environment.read() as view:
        return view.transaction


def test_apply_returns_what_each_operation_returned_in_one_transaction(environment: Environment) -> None:
    before = transaction(environment)
    results = apply(environment, [putting("a"), lambda view: view.count(Table.TURNS), putting("b")])
    assert [(result.value, result.error) for result in results] == [(None, None), (1, None), (None, None)]
    assert stored(environment) == ["a", "b"]
    assert transaction(environment) == before + 1


@pytest.mark.parametrize(
    ("failing", "error"),
    [(DeleteSession("nobody"), ClientError), (spoiling, ZeroDivisionError), (putting("a"), StoreError)],
    ids=["before a change", "after a change", "because of another"],
)
def test_apply_takes_out_what_fails_and_applies_the_rest(
    environment: Environment, failing: Operation, error: type[Exception]
) -> None:
    before = transaction(environment)
    results = apply(environment, [putting("a"), failing, putting("b"), failing, putting("c")])
    assert [type(result.error) for result in results] == [type(None), error, type(None), error, type(None)]
    assert stored(environment) == ["a", "b", "c"]
    assert transaction(environment) == before + 1


def test_apply_of_nothing_but_failures_leaves_no_trace(environment: Environment) -> None:
    before = transaction(environment)
    assert [type(result.error) for result in apply(environment, [spoiling, DeleteSession("nobody")])] == [
        ZeroDivisionError,
        ClientError,
    ]
    assert transaction(environment) == before


def test_apply_of_many_that_fail_before_a_change_does_none_of_them_again(environment: Environment) -> None:
    tried: list[str] = []

    def counted(view: View) -> None:
        tried.append("counted")
        putting("s")(view)

    def failing(_view: View) -> None:
        tried.append("failing")
        raise ClientError("no")

    results = apply(environment, [counted, *[failing] * 100])
    assert tried == ["counted", *["failing"] * 100]
    assert stored(environment) == ["s"]
    assert sum(result.error is None for result in results) == 1


def test_apply_beyond_the_map_applies_nothing_and_says_so(environment: Environment) -> None:
    with pytest.raises(MapFull):
        apply(environment, [putting(f"s{number}") for number in range(400)])
    assert stored(environment) == []


@pytest.mark.parametrize("error", [StoreFull("full"), StoreError("input/output error")])
def test_apply_passes_on_what_the_transaction_raises(
    environment: Environment, error: StoreError, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing() -> None:
        raise error

    monkeypatch.setattr(environment, "write", failing)
    with pytest.raises(type(error), match=str(error)):
        apply(environment, [putting("a")])
