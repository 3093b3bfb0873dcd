"""Sessions of one store into another, as they are: what a pod that is gone left to one that lives.

Session by session, as an export and its import, so that the same invariants are tested. A session that both have,
alike, stays untouched; one that both have, differently, is left alone, or comes as a fork of its name. Invariants: what
the store had stays as it was; doing it again changes nothing; turns keep the origin that they are drawn again from.
What counts for the whole store stays behind.
"""

from enum import StrEnum

import attrs
import orjson

from llmsim.store import sessions
from llmsim.store.environment import Environment, MapFull
from llmsim.store.export import export_lines
from llmsim.store.files import Report, silent
from llmsim.store.transfer import ImportSessions
from llmsim.store.view import View


class OnConflict(StrEnum):
    """What becomes of a session that both stores have, and differently."""

    LEAVE = "leave"
    FORK = "fork"


@attrs.frozen
class Merged:
    """What a merge did, by session id; `forked` says under which name each came."""

    brought: tuple[str, ...] = ()
    same: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    forked: tuple[tuple[str, str], ...] = ()


def merge_sessions(source: View, target: Environment, on_conflict: OnConflict, report: Report = silent) -> Merged:
    """Bring every session of `source` into `target`, each in a transaction of its own.

    Raises:
        ClientError: a session of the source is not whole, or an id that it has is taken in the target.
        StoreFull: the disk is full; what was brought before stays.
    """
    done = Merged()
    total = sum(1 for _ in sessions.sessions(source))
    for number, session in enumerate(sessions.sessions(source)):
        report("merge", number, total)
        lines = list(export_lines(source, [session.id]))
        while True:
            try:
                with target.write() as view:
                    done = _merge(view, session.id, lines, on_conflict, done)
                break
            except MapFull:
                target.grow()
    report("merge", total, total)
    return done


def _merge(view: View, name: str, lines: list[bytes], on_conflict: OnConflict, done: Merged) -> Merged:
    if sessions.session(view, name) is None:
        ImportSessions(lambda: lines, f"session {name}")(view)
        return attrs.evolve(done, brought=(*done.brought, name))
    if list(export_lines(view, [name])) == lines:
        return attrs.evolve(done, same=(*done.same, name))
    if on_conflict is OnConflict.LEAVE:
        return attrs.evolve(done, left=(*done.left, name))
    for fork in sessions.fork_names(name):
        renamed = _renamed(lines, name, fork)
        if sessions.session(view, fork) is None:
            break
        if list(export_lines(view, [fork])) == renamed:
            return attrs.evolve(done, same=(*done.same, name))
    ImportSessions(lambda: renamed, f"session {name}")(view)
    return attrs.evolve(done, forked=(*done.forked, (name, fork)))


def _renamed(lines: list[bytes], name: str, fork: str) -> list[bytes]:
    """An export of one session as that of a fork: its turns, without what shows them, whose ids are taken."""
    made = []
    for line in lines:
        entry = orjson.loads(line)
        if entry["type"] == "session":
            entry["session"] |= {"id": fork, "forked_from": name}
        elif entry["type"] == "turn":
            entry["turn"]["session"] = fork
        elif entry["type"] == "end":
            entry |= {"resources": 0, "items": 0}
        elif entry["type"] in {"resource", "item"}:
            continue
        made.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
    return made
