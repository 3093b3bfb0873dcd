"""Sessions of a store on this machine, for `llmsim sessions --data-dir`.

Reads may go on beside a server; whatever writes claims the data directory first, and is refused where a server has it.
Gives the same dicts as a server does over HTTP (`llmsim.store.views`). Prints nothing.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from llmsim.errors import OperatorError
from llmsim.store import resources, sessions, transfer, views
from llmsim.store.environment import DATA_FILE, MAP_BYTES, Environment, MapFull, View, claim
from llmsim.store.export import export_lines
from llmsim.store.files import Report
from llmsim.store.operations import DeleteSession, ForkSession, no_session
from llmsim.store.schema import Session

T = TypeVar("T")

ROOM_FACTOR = 4
"""Bytes of the map for each byte of an import: what records, keys and half-filled pages come to, and more."""

LINES_PER_REPORT = 1000


class StoredSessions:
    """The sessions in a data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir

    def page(self, prefix: str, after: str, limit: int) -> dict[str, Any]:
        """A page of summaries."""
        with self._reading() as environment, environment.read() as view:
            return views.session_page(sessions.sessions(view, prefix, after, limit + 1), limit)

    def conversation(self, session: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A session's summary and all its turns, in turn order."""
        with self._reading() as environment, environment.read() as view:
            known = _known(view, session)
            turns = [
                views.turn_view(turn, sessions.outcome(view, session, turn.key))
                for turn in sessions.turns(view, session)
            ]
            summary = views.session_detail(known, resources.of_session(view, session), resources.counts(view, session))
        return summary, turns

    def export(self, ids: tuple[str, ...]) -> Iterator[bytes]:
        """The lines of an export of these sessions, or of all."""
        with self._reading() as environment, environment.read() as view:
            for one in ids:
                _known(view, one)
            yield from export_lines(view, ids or None)

    def bring(self, file: BinaryIO, name: str, report: Report) -> dict[str, Any]:
        """Import what an export gave; all of it or nothing."""
        size_bytes = file.seek(0, os.SEEK_END)

        def lines() -> Iterator[bytes]:
            file.seek(0)
            for number, line in enumerate(iter(lambda: file.readline(transfer.LINE_BYTES_MAX + 1), b"")):
                if number % LINES_PER_REPORT == 0:
                    report("import", file.tell(), size_bytes)
                yield line

        done = self._write(transfer.ImportSessions(lines, name), size_bytes * ROOM_FACTOR)
        return {"object": "llmsim.import", "sessions": done.sessions, "turns": done.turns}

    def fork(self, session: str, at: str | None, new: str | None) -> dict[str, Any]:
        """Make a new session with the turns up to `at` (the tip where None); its summary."""

        def fork(view: View) -> Session:
            name = new or sessions.fork_name(view, session)
            source = _known(view, session)
            key = source.tip if at is None else sessions.turn_named(view, source, at)
            ForkSession(session, key, name)(view)
            return _known(view, name)

        return views.session_view(self._write(fork))

    def delete(self, session: str) -> dict[str, Any]:
        """Remove a session and all it holds."""
        self._write(DeleteSession(session))
        return {"object": "session.deleted", "id": session, "deleted": True}

    def _reading(self) -> Environment:
        return Environment.open(self.data_dir, readonly=True)

    def _write(self, operation: Callable[[View], T], room_bytes: int = 0) -> T:
        if not (self.data_dir / DATA_FILE).exists():
            raise OperatorError(f"no store in {self.data_dir}: expected a file {DATA_FILE}")
        with claim(self.data_dir), Environment.open(self.data_dir, map_bytes=MAP_BYTES + room_bytes) as environment:
            while True:
                try:
                    with environment.write() as view:
                        return operation(view)
                except MapFull:
                    environment.grow()


def _known(view: View, session: str) -> Session:
    found = sessions.session(view, session)
    if found is None:
        raise no_session(session)
    return found
