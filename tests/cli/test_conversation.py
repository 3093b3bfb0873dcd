"""A conversation on paper: plain where it is piped, a tree on a terminal, and never a control character."""

import io
import sys
from typing import Any

import attrs
import pytest

from llmsim.cli.conversation import arranged, moment, parents_of, print_conversation
from llmsim.store.schema import Ending, Outcome, Resource, Session, Turn
from llmsim.store.views import session_detail, session_view, turn_view
from llmsim.turn import FinishReason, Message, Reply, Role, ToolCall
from tests.stored import turn_of

ROOT = turn_of("tree", "Hello", replies=2)
LEFT = turn_of("tree", "to the left", ROOT)
RIGHT = turn_of("tree", "to the right", ROOT, choice=1)
LEAF = turn_of("tree", "and on", RIGHT)
OUTCOME = Outcome(Ending.CLIENT_LEFT, 3)


def told(*turns: Turn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    stamps = [turn.created_s for turn in turns]
    session = Session("tree", min(stamps), max(stamps), len(turns), turns[-1].key, forked_from=None)
    return session_view(session), [turn_view(turn, OUTCOME if turn is LEFT else None) for turn in turns]


def test_arranged_keeps_a_run_at_one_depth_and_indents_branches() -> None:
    _, turns = told(ROOT, LEFT, RIGHT, LEAF)
    shown = {turn.lines[0][1]: (turn.depth, turn.begins) for turn in arranged(turns, "")}
    assert shown == {
        "Hello": (0, False),
        "to the left": (1, True),
        "to the right": (1, True),
        "and on": (1, False),
    }


def test_arranged_of_a_long_conversation_needs_no_depth() -> None:
    turns, parent = [], None
    for number in range(3000):
        parent = turn_of("long", str(number), parent)
        turns.append(turn_view(parent, None))
    assert [turn.lines[0][1] for turn in arranged(turns, "")] == [str(number) for number in range(3000)]


def test_parents_of_turns_are_their_keys() -> None:
    _, turns = told(ROOT, LEFT)
    assert parents_of(turns) == {ROOT.key: None, LEFT.key: ROOT.key}


def test_conversation_in_a_pipe_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    print_conversation(*told(ROOT, LEFT))
    assert capsys.readouterr().out.splitlines() == [
        "tree: 2 turns, 2023-11-14T22:13:21Z to 2023-11-14T22:13:22Z",
        f"  turn {ROOT.key} (not ended)",
        "    user: Hello",
        "    assistant 0: You said: Hello. (0)",
        "    assistant 1: You said: Hello. (1)",
        f"  turn {LEFT.key} (client left, tip)",
        "    user: to the left",
        "    assistant: You said: to the left. (0)",
    ]


def test_conversation_of_no_turn_names_what_is_kept_and_shows_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = Resource("conv_\x1b[1m", "empty", "test.conversation", 1_700_000_000, {})
    session = Session("empty", 1_700_000_000, 1_700_000_000, 0, None)
    print_conversation(session_detail(session, [kept], (1, 0)), [])
    assert capsys.readouterr().out.splitlines() == [
        "empty: 0 turns, 2023-11-14T22:13:20Z",
        "kept by id: 1 resource, 0 items",
        "  conv_\\x1b[1m (test.conversation)",
    ]


def test_conversation_on_a_terminal_is_a_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "120")
    print_conversation(*told(ROOT, LEFT, RIGHT, LEAF))
    lines = [line.rstrip() for line in terminal.getvalue().splitlines()]
    assert lines[0] == "tree: 4 turns, 2023-11-14T22:13:21Z to 2023-11-14T22:13:23Z"
    assert lines[1] == f"├── turn {ROOT.key} (not ended)"
    assert sum(line.startswith(("├── turn 2-", "└── turn 2-")) for line in lines) == 2
    [leaf] = [line for line in lines if "turn 3-" in line]
    assert leaf.startswith(("│   └── turn 3-", "    └── turn 3-"))


def test_conversation_shows_calls_cuts_and_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    turn = turn_of("tree", "red \x1b[31m\nbell \a")
    call = Message(Role.ASSISTANT, "", tool_calls=(ToolCall("call_1", "weather", '{"in":"Graz"}'),))
    replies = (Reply("half a", FinishReason.LENGTH),)
    told_turn = attrs.evolve(turn, messages=(*turn.messages, call), replies=replies)
    print_conversation(*told(told_turn))
    assert capsys.readouterr().out.splitlines()[2:] == [
        "    user: red \\x1b[31m",
        "      bell \\x07",
        '    assistant: weather({"in":"Graz"})',
        "    assistant: half a [length]",
    ]


def test_moment_is_utc_to_the_second() -> None:
    assert moment(0) == "1970-01-01T00:00:00Z"
