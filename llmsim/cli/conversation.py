"""A conversation on paper: what was said, turn by turn, as a tree where it has branches.

Takes the dicts of `llmsim.store.views`. A terminal gets a tree with lines and colours, everything else plain text of
the same order. Control characters of what was said are shown, never sent.
"""

import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import attrs
import click

from llmsim.cli.output import quantity
from llmsim.store.schema import TurnKey
from llmsim.store.views import children

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@attrs.frozen
class Shown:
    """One turn: how many branches deep it stands, whether a branch begins with it, and its lines (who, what)."""

    depth: int
    begins: bool
    title: str
    lines: tuple[tuple[str, str], ...]


def print_conversation(session: dict[str, Any], turns: list[dict[str, Any]]) -> None:
    """Print a session."""
    title = f"{session['id']}: {quantity(session['turns'], 'turn')}, {moment(session['created_at'])}"
    if session["updated_at"] != session["created_at"]:
        title += f" to {moment(session['updated_at'])}"
    if session["forked_from"]:
        title += f", forked from {session['forked_from']}"
    title += "".join(kept(session))
    shown = list(arranged(turns, session["tip"]))
    if sys.stdout.isatty():
        _print_tree(title, shown)
    else:
        _print_plain(title, shown)


def kept(session: dict[str, Any]) -> Iterator[str]:
    """What providers' APIs keep in a session, as lines below its title; an older server does not say."""
    none: dict[str, Any] = {"count": 0, "data": []}
    found, items = session.get("resources", none), session.get("items", none)
    if found["count"] or items["count"]:
        yield f"\nkept by id: {quantity(found['count'], 'resource')}, {quantity(items['count'], 'item')}"
    for one in found["data"]:
        turn = f", turn {one['turn']}" if one["turn"] else ""
        yield f"\n  {_visible(one['id'])} ({one['kind']}{turn})"


def moment(stamp_s: int) -> str:
    """Unix seconds as UTC, to the second."""
    return datetime.fromtimestamp(stamp_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parents_of(turns: list[dict[str, Any]]) -> dict[TurnKey, TurnKey | None]:
    """The shape of a session: each turn and the one it continues."""
    return {
        TurnKey.parse(turn["id"]): TurnKey.parse(turn["parent"]) if turn["parent"] is not None else None
        for turn in turns
    }


def arranged(turns: list[dict[str, Any]], tip: str) -> Iterator[Shown]:
    """The turns in the order of the tree: what follows a turn stands at its depth, unless there are several."""
    by_key = {TurnKey.parse(turn["id"]): turn for turn in turns}
    below = children(parents_of(turns))
    waiting = [(key, 0, len(below.get(None, [])) > 1) for key in reversed(below.get(None, []))]
    while waiting:
        key, depth, begins = waiting.pop()
        turn = by_key[key]
        yield Shown(depth + begins, begins, _title(turn, tip), tuple(_lines(turn)))
        following = below.get(key, [])
        waiting += [(one, depth + begins, len(following) > 1) for one in reversed(following)]


def _title(turn: dict[str, Any], tip: str) -> str:
    ending = turn["outcome"]["ending"].replace("_", " ") if turn["outcome"] else "not ended"
    choice = f", after choice {turn['parent_choice']}" if turn["parent_choice"] else ""
    return f"turn {turn['id']} ({ending}{choice}{', tip' if turn['id'] == tip else ''})"


def _lines(turn: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for message in turn["messages"]:
        calls = [f"{call['name']}({call['arguments']})" for call in message.get("tool_calls", [])]
        yield message["role"], _visible("\n".join([message["content"], *calls] if message["content"] else calls))
    several = len(turn["replies"]) > 1
    for choice, reply in enumerate(turn["replies"]):
        cut = "" if reply["finish_reason"] == "stop" else f" [{reply['finish_reason']}]"
        yield f"assistant {choice}" if several else "assistant", _visible(reply["text"]) + cut


def _visible(text: str) -> str:
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def _print_plain(title: str, shown: list[Shown]) -> None:
    click.echo(title)
    for turn in shown:
        indent = "  " * turn.depth
        click.echo(f"{indent}{'- ' if turn.begins else '  '}{turn.title}")
        for who, what in turn.lines:
            following = "\n" + indent + " " * 6
            click.echo(f"{indent}    {who}: {what.replace(chr(10), following)}")


def _print_tree(title: str, shown: list[Shown]) -> None:
    from rich.console import Console  # noqa: PLC0415  (rich takes as long to import as a small command to run)
    from rich.text import Text  # noqa: PLC0415
    from rich.tree import Tree  # noqa: PLC0415

    nodes = [Tree(Text(title, style="bold"), guide_style="dim")]
    for turn in shown:
        label = Text(turn.title, style="dim")
        for who, what in turn.lines:
            label.append("\n" + who, style="bold green" if who.startswith("assistant") else "bold cyan")
            label.append(f": {what}", style="not dim")
        del nodes[turn.depth + (not turn.begins) :]
        nodes.append(nodes[-1].add(label))
    Console().print(nodes[0])
