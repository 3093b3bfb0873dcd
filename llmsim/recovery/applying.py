"""Applying an archive's segments to a store that was made of a snapshot, up to a moment, a turn, or their end.

Whole commits only, but for the one in which the wanted turn stands: of that the operations up to the turn. Memory is
that of the largest commit. Nothing is durable when it returns.
"""

from collections.abc import Iterable, Iterator

import attrs

from llmsim.errors import ArchiveDamaged
from llmsim.recovery.chain import Chain
from llmsim.recovery.manifest import Position, iso
from llmsim.recovery.sealing import Sealing
from llmsim.store.changes import unpack
from llmsim.store.environment import Environment, MapFull
from llmsim.store.files import Report, silent
from llmsim.store.journal import Entry
from llmsim.store.view import View


@attrs.frozen
class Until:
    """How far to go: up to a moment (unix milliseconds), to a turn, or to the end where neither is given."""

    at_ms: int | None = None
    turn: int | None = None

    def reached(self, position: Position) -> bool:
        """Whether there is nothing more to apply."""
        return self.turn is not None and position.turns >= self.turn


END = Until()
"""To the end of the archive."""


def apply(
    environment: Environment, chain: Chain, start: Position, until: Until, sealing: Sealing, report: Report = silent
) -> Position:
    """Apply what follows `start`; returns where it ended. What is doubtful is in `chain.doubts`.

    Raises:
        StoreFull: the disk is full.
        OperatorError: a segment is encrypted, and no key opens it.
        PlaceUnreachable: the place fails, or does not answer.
    """
    position = start
    total = sum(name.last - max(name.first, start.sequence + 1) + 1 for name in chain.names())
    report("segments", 0, total)
    for commit in _commits(chain, start.sequence, sealing):
        if until.reached(position) or (until.at_ms is not None and commit[0].stamp_ms > until.at_ms):
            break
        turns = _write(environment, commit, position.turns, until)
        last = commit[-1]
        position = Position(start.generation, last.sequence, turns, iso(last.stamp_ms / 1000))
        report("segments", last.sequence - start.sequence, total)
    return position


def _commits(chain: Chain, after: int, sealing: Sealing) -> Iterator[list[Entry]]:
    """The entries of each commit; of one that does not end, none."""
    commit: list[Entry] = []
    for segment in chain.segments():
        try:
            for entry in segment.entries(sealing):
                if entry.sequence <= after:
                    continue
                commit.append(entry)
                if entry.whole:
                    yield commit
                    commit = []
        except ArchiveDamaged as error:
            chain.doubts.append(str(error))
            if not chain.past_doubt:
                return
            commit = []
    if commit:
        chain.doubts.append(f"the archive ends within a commit: entries {commit[0].sequence} to {commit[-1].sequence}")


def _write(environment: Environment, commit: list[Entry], turns: int, until: Until) -> int:
    """Apply a commit in one transaction; returns the turns that there are then."""
    while True:
        try:
            with environment.write() as view:
                return _apply(view, commit, turns, until)
        except MapFull:
            environment.grow()


def _apply(view: View, commit: Iterable[Entry], turns: int, until: Until) -> int:
    """Apply a commit, or the operations of it up to a turn; returns the turns that there are then."""
    goes_on = False
    for entry in commit:
        for operation in entry.operations:
            if until.turn is not None and turns >= until.turn and not goes_on:
                return turns
            _change(view, operation.changes)
            turns += operation.turns
            goes_on = False
        goes_on = entry.open
    return turns


def _change(view: View, changes: bytes) -> None:
    for table, key, value in unpack(changes):
        if value is None:
            view.delete(table, key)
        else:
            view.put(table, key, value)
