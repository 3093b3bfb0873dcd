"""Stored records as people and programs are shown them: plain dicts, ready for JSON.

Pure: records in, dicts out; the command line and the HTTP routes show the same. Stamps are unix seconds, turn ids are
`NUMBER-BRANCH-ATTEMPT`, digests are hex. Lists have the form of OpenAI's (`object`, `data`, `has_more`, `last_id`).
"""

from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Any

from llmsim.store.schema import Outcome, Resource, Session, Turn, TurnKey
from llmsim.turn import Message, Reply, Scripted, ToolCall

Parents = Mapping[TurnKey, TurnKey | None]
"""The shape of a session: each turn and the one it continues."""


SHOWN_RESOURCES = 100
"""Ids of a session that are shown with it."""


class NoSuchTurn(ValueError):
    """No turn of the session, or more than one, is what was asked for; the text says which ids there are."""


def session_view(session: Session) -> dict[str, Any]:
    """A session's summary."""
    return {
        "object": "llmsim.session",
        "id": session.id,
        "created_at": session.created_s,
        "updated_at": session.updated_s,
        "turns": session.turns,
        "tip": str(session.tip) if session.tip else None,
        "forked_from": session.forked_from,
    }


def session_detail(session: Session, resources: Iterable[Resource], counts: tuple[int, int]) -> dict[str, Any]:
    """A session's summary with what providers' APIs keep in it: its first resources.

    `counts` are the numbers of all its resources, and of its items.
    """
    shown = [
        {
            "id": found.id,
            "kind": found.kind,
            "created_at": found.created_s,
            "turn": str(found.turn) if found.turn else None,
        }
        for found in islice(resources, SHOWN_RESOURCES)
    ]
    return session_view(session) | {"resources": {"count": counts[0], "data": shown}, "items": {"count": counts[1]}}


def session_page(sessions: Iterable[Session], limit: int) -> dict[str, Any]:
    """One page of a list of sessions; give it one more than `limit`, and it says whether there are more."""
    found = [session_view(session) for session in islice(sessions, limit + 1)]
    page = found[:limit]
    return {
        "object": "list",
        "data": page,
        "has_more": len(found) > limit,
        "last_id": page[-1]["id"] if page else None,
    }


def turn_view(turn: Turn, outcome: Outcome | None) -> dict[str, Any]:
    """A turn whole: what was asked, what was answered, how that ended (None: its process died meanwhile)."""
    usage = turn.usage
    return {
        "object": "llmsim.turn",
        "id": str(turn.key),
        "session": turn.session,
        "number": turn.key.number,
        "attempt": turn.key.attempt,
        "parent": str(turn.parent) if turn.parent else None,
        "parent_choice": turn.parent_choice,
        "messages": [message_view(message) for message in turn.messages],
        "replies": [reply_view(reply) for reply in turn.replies],
        "usage": {
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "total_tokens": usage.total_tokens,
            "cached_tokens": usage.cached_tokens,
            "reasoning_tokens": usage.reasoning_tokens,
        },
        "created_at": turn.created_s,
        "outcome": {"ending": outcome.ending.value, "delivered": outcome.delivered} if outcome else None,
        "dialect": turn.dialect,
        "params": turn.params,
        "script": scripted_view(turn.script) if turn.script else None,
        "profile": turn.profile.hex(),
        "plan_version": turn.plan_version,
        "origin": {
            "root_seed": turn.origin.root_seed,
            "ordinal": turn.origin.ordinal,
            "session": turn.origin.session,
        },
    }


def message_view(message: Message) -> dict[str, Any]:
    """A message; keys without a value are left out."""
    view: dict[str, Any] = {"role": message.role.value, "content": message.content}
    if message.name is not None:
        view["name"] = message.name
    if message.tool_call_id is not None:
        view["tool_call_id"] = message.tool_call_id
    return view | calls_view(message.tool_calls)


def reply_view(reply: Reply) -> dict[str, Any]:
    """A reply; keys without a value are left out."""
    return {"text": reply.text, "finish_reason": reply.finish_reason.value} | _beside_text(reply)


def scripted_view(scripted: Scripted) -> dict[str, Any]:
    """What a script said; keys without a value are left out."""
    return {"text": scripted.text} | _beside_text(scripted)


def calls_view(calls: tuple[ToolCall, ...]) -> dict[str, Any]:
    """The calls of a message or reply; nothing where there are none."""
    if not calls:
        return {}
    return {"tool_calls": [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in calls]}


def _beside_text(said: Reply | Scripted) -> dict[str, Any]:
    view = calls_view(said.calls)
    if said.reasoning:
        view["reasoning"] = said.reasoning
    if said.refused:
        view["refused"] = True
    return view


def tree_view(parents: Parents) -> dict[str, Any]:
    """The shape of a session, flat: its `roots`, the `children` of each turn that has any, and its `leaves`."""
    below = children(parents)
    return {
        "object": "llmsim.tree",
        "roots": [str(key) for key in below.get(None, [])],
        "children": {str(parent): [str(key) for key in keys] for parent, keys in below.items() if parent is not None},
        "leaves": [str(key) for key in sorted(parents) if key not in below],
    }


def children(parents: Parents) -> dict[TurnKey | None, list[TurnKey]]:
    """The turns that continue each turn, in key order; those at a root stand under None."""
    below: dict[TurnKey | None, list[TurnKey]] = {}
    for key in sorted(parents):
        below.setdefault(parents[key], []).append(key)
    return below


def branch_to(tip: TurnKey | None, parents: Parents) -> list[TurnKey]:
    """The turns from the root to `tip`, in the order in which they were said."""
    branch = []
    at = tip
    while at is not None:
        branch.append(at)
        at = parents.get(at)
    return branch[::-1]


def find_turn(
    asked: str, tip: TurnKey | None, stored: Callable[[TurnKey], bool], parents: Callable[[], Parents]
) -> TurnKey:
    """The turn that `asked` means: a turn id, or a turn number.

    A number means the turn of that number on the branch that ends at `tip`; where that branch has none, the only turn
    of that number anywhere in the session. `stored` says whether the session has a turn; `parents`, which reads the
    whole session, is called for a number and for a turn that is not there.

    Raises:
        NoSuchTurn: neither, not in this session, or several; names the candidates.
    """
    if asked.isascii() and asked.isdigit():
        return _numbered(int(asked), tip, parents())
    try:
        key = TurnKey.parse(asked)
    except ValueError as error:
        raise NoSuchTurn(f"{error}; a turn number will do too") from None
    if not stored(key):
        raise NoSuchTurn(f"no turn {asked}{_candidates(one for one in parents() if one.number == key.number)}")
    return key


def _numbered(number: int, tip: TurnKey | None, parents: Parents) -> TurnKey:
    said = [key for key in branch_to(tip, parents) if key.number == number]
    found = said or sorted(key for key in parents if key.number == number)
    if len(found) == 1:
        return found[0]
    if not found:
        numbers = sorted({key.number for key in parents})
        if not numbers:
            raise NoSuchTurn(f"no turn {number}: the session has none yet")
        has = f"turns {numbers[0]} to {numbers[-1]}" if len(numbers) > 1 else f"turn {numbers[0]} alone"
        raise NoSuchTurn(f"no turn {number}: the session has {has}")
    raise NoSuchTurn(f"turn {number} is ambiguous{_candidates(found)}")


def _candidates(keys: Iterable[TurnKey]) -> str:
    shown = [str(key) for key in islice(keys, 5)]
    return f": there is {', '.join(shown)}" if shown else ""
