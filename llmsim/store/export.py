"""Sessions as JSON Lines, out of a store; `transfer.py` reads them into another.

| line          | holds                                                                                        |
|---------------|----------------------------------------------------------------------------------------------|
| `export`      | `format`; the first line                                                                     |
| `session`     | the `session` record; its turns follow                                                       |
| `profile`     | a `profile` and its `digest`, before the first turn that was planned with it                 |
| `turn`        | the `turn` record, its `outcome` or null, and `heads`: the choices that own their chain's end |
| `idempotency` | `digest` of a client's key, and the `turn` that answered it                                  |
| `resource`    | a `resource` record, which says in which lists it stands                                     |
| `item`        | an `item` of the conversation and its `position`, in ascending order                         |
| `end`         | how many `sessions`, `turns`, `resources` and `items` there were; the last line              |

Records are those of the store. What counts for the whole store (`counters`) stays behind.
"""

from collections.abc import Iterable, Iterator
from typing import Any

import orjson

from llmsim.errors import StoreDamaged
from llmsim.store import resources, sessions
from llmsim.store.codec import encode
from llmsim.store.environment import View
from llmsim.store.operations import heads, no_session
from llmsim.store.schema import FORMAT_VERSION, Session, Table, Turn, within
from llmsim.store.sessions import pack_head


def export_lines(view: View, ids: Iterable[str] | None = None) -> Iterator[bytes]:
    """These sessions, or all, as lines (each with its newline), all seen at the moment of the view.

    Raises:
        ClientError: 404, one of them is not there.
    """
    profiles: set[bytes] = set()
    exported = turns = shown = items = 0
    yield _line({"type": "export", "format": FORMAT_VERSION})
    for session in sessions.sessions(view) if ids is None else _named(view, ids):
        exported += 1
        turns += session.turns
        yield _line({"type": "session", "session": orjson.Fragment(encode(session))})
        for turn in sessions.turns(view, session.id):
            if turn.profile not in profiles:
                profiles.add(turn.profile)
                yield _profile_line(view, turn)
            yield _turn_line(view, turn)
        for key, record in view.scan(Table.IDEMPOTENCY, within(session.id)):
            digest = key[len(within(session.id)) :].hex()
            yield _line({"type": "idempotency", "digest": digest, "turn": str(sessions.unpack_key(record))})
        for kept in resources.of_session(view, session.id):
            shown += 1
            yield _line({"type": "resource", "resource": orjson.Fragment(encode(kept))})
        for position, item in resources.placed(view, session.id):
            items += 1
            yield _line({"type": "item", "position": position, "item": item})
    yield _line({"type": "end", "sessions": exported, "turns": turns, "resources": shown, "items": items})


def _named(view: View, ids: Iterable[str]) -> Iterator[Session]:
    for one in dict.fromkeys(ids):
        session = sessions.session(view, one)
        if session is None:
            raise no_session(one)
        yield session


def _profile_line(view: View, turn: Turn) -> bytes:
    body = sessions.profile(view, turn.profile)
    if body is None:
        raise StoreDamaged(f"the profile {turn.profile.hex()} of turn {turn.key} is not stored")
    return _line({"type": "profile", "digest": turn.profile.hex(), "profile": orjson.Fragment(body)})


def _turn_line(view: View, turn: Turn) -> bytes:
    outcome = sessions.outcome(view, turn.session, turn.key)
    owned = [
        choice
        for choice, digest in heads(turn)
        if view.get(Table.HEADS, within(turn.session, digest)) == pack_head(turn.key, choice)
    ]
    return _line(
        {
            "type": "turn",
            "turn": orjson.Fragment(encode(turn)),
            "outcome": orjson.Fragment(encode(outcome)) if outcome else None,
            "heads": owned,
        }
    )


def _line(entry: dict[str, Any]) -> bytes:
    return orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE)
