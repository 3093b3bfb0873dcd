"""Results for people, pipes and programs; progress on terminals alone."""

import sys

import pytest

from llmsim.cli import output

Captured = pytest.CaptureFixture[str]


def become_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (sys.stdout, sys.stderr):
        monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "40")


def test_json_is_indented_with_sorted_keys(capsys: Captured) -> None:
    output.print_json({"b": 1, "a": "é"})
    assert capsys.readouterr().out == '{\n  "a": "é",\n  "b": 1\n}\n'


def test_table_in_a_pipe_is_tab_separated_and_never_cut(capsys: Captured) -> None:
    output.print_table(("id", "text"), [("a", "x" * 500), (None, "tab\there\nline")])
    assert capsys.readouterr().out == f"id\ttext\na\t{'x' * 500}\n\ttab here line\n"


def test_table_on_a_terminal_is_aligned_and_takes_markup_as_text(
    capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    become_terminal(monkeypatch)
    output.print_table(("id", "text"), [("a", "[red]x"), ("long id", "y")])
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    assert [line.index(cell) for line, cell in zip(lines[1:], ("[red]x", "y"), strict=True)] == [9, 9]


def test_pairs_have_their_values_in_one_column(capsys: Captured) -> None:
    output.print_pairs([("a", 1), ("long", "x")])
    assert capsys.readouterr().out == "a     1\nlong  x\n"


def test_progress_in_a_pipe_is_silent(capsys: Captured) -> None:
    with output.progress("copying", 2) as advance:
        advance(1)
    assert capsys.readouterr() == ("", "")


def test_progress_on_a_terminal_goes_to_stderr(capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    become_terminal(monkeypatch)
    with output.progress("copying", 2) as advance:
        advance(1)
    out, err = capsys.readouterr()
    assert out == ""
    assert "copying" in err


def test_quantity_of_one_is_singular() -> None:
    assert [output.quantity(number, "turn") for number in (0, 1, 2, 1200)] == [
        "0 turns",
        "1 turn",
        "2 turns",
        "1,200 turns",
    ]
