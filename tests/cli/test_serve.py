"""`llmsim serve` before it serves: help, and what it refuses."""

from pathlib import Path

import pytest

from tests.said import CommandLine


def test_help_teaches_by_example(command_line: CommandLine) -> None:
    said = command_line("serve", "--help")
    assert said.code == 0
    assert "llmsim serve --instant --port 0" in said.out
    for flag in (
        "--host",
        "--port",
        "--data-dir",
        "--seed",
        "--ordinal",
        "--profiles",
        "--epoch",
        "--speed",
        "--config",
    ):
        assert flag in said.out


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--port", "65536"), "65535"),
        (("--speed", "0"), "speed"),
        (("--speed", "2", "--instant"), "exclude"),
        (("--ordinal", "llm-simulator-0"), "not its name"),
        (("--epoch", "yesterday"), "epoch"),
        (("--epoch", "9999-06-01"), "years 1970 to 9998"),
        (("--profiles", "/nonexistent"), "/nonexistent"),
        (("--script", "/nonexistent.toml"), "/nonexistent.toml"),
        (("--script", "support-bt"), "called 'support-bt' (did you mean 'support-bot'?); shipped: branches, "),
        (("--config", "/nonexistent.toml"), "/nonexistent.toml"),
        (("--host", "256.256.256.256"), "256.256.256.256"),
    ],
)
def test_bad_flag_is_named_and_nothing_is_made(
    command_line: CommandLine, tmp_path: Path, arguments: tuple[str, ...], word: str
) -> None:
    said = command_line("serve", "--data-dir", tmp_path / "data", "--port", "0", *arguments)
    assert said.code == 2
    assert word in said.err
    assert "Traceback" not in said.err
    assert not (tmp_path / "data").exists()


def test_bad_variable_is_named(command_line: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMSIM_ORDINAL", "llm-simulator-0")
    said = command_line("serve", "--data-dir", tmp_path / "data")
    assert said.code == 2
    assert "LLMSIM_ORDINAL" in said.err
    monkeypatch.setenv("LLMSIM_ORDINAL", "0")
    monkeypatch.setenv("LLMSIM_PROT", "1")
    assert "LLMSIM_PORT" in command_line("serve", "--data-dir", tmp_path / "data").err
