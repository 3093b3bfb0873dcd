"""A batch: operations that share one transaction and know nothing of one another.

An operation is called with a `View`, does all of its work in that transaction, and returns what its caller wants.
Knows no queue and no loop. Invariant: each operation of a batch is applied whole or not at all, in the order given,
and one that fails never takes the others with it.
"""

from collections.abc import Callable, Sequence
from typing import Any

import attrs

from llmsim.store.environment import Environment
from llmsim.store.view import EngineError, View

Operation = Callable[[View], Any]


@attrs.frozen
class Result:
    """What became of one operation: the value it returned, or the error that it or its commit raised."""

    value: Any = None
    error: Exception | None = None


Results = list[Result]


class _Spoilt(Exception):
    """An operation raised after it had changed something: the transaction is worth nothing."""


def apply(environment: Environment, operations: Sequence[Operation]) -> Results:
    """Apply operations in one transaction; durable when this returns.

    One that raises before it has changed anything is passed over. One that raises later is taken out, and the others
    are applied again, in a new transaction.

    Raises:
        MapFull: nothing was applied.
        StoreFull: nothing was applied.
        StoreError: nobody knows.
    """
    refused: dict[int, Result] = {}
    while True:
        try:
            with environment.write() as view:
                return [
                    refused.get(index) or _apply_one(view, index, operation, refused)
                    for index, operation in enumerate(operations)
                ]
        except _Spoilt:
            continue


def _apply_one(view: View, index: int, operation: Operation, refused: dict[int, Result]) -> Result:
    """The result of one operation, also noted in `refused` where it is an error."""
    before = view.changes
    try:
        done = Result(operation(view))
    except EngineError:
        raise
    except Exception as error:
        refused[index] = Result(error=error)
        if view.changes != before:
            raise _Spoilt from error
        return refused[index]
    view.end_operation()
    return done
