"""Flags made from the table of settings: read as variables are read, resolved before the command sees them."""

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from llmsim.cli.options import flag, with_settings
from llmsim.settings import SETTINGS, Settings


@click.command()
@with_settings(*SETTINGS, config=True)
@click.argument("word", default="")
def everything(word: str, settings: Settings) -> None:
    click.echo(f"{word}{settings}")


def run(*arguments: str, **environ: str) -> Result:
    return CliRunner().invoke(everything, arguments, env=environ)


def test_command_gets_resolved_settings_and_its_own_arguments() -> None:
    result = run("word", "--port", "1", "--profiles", "a", "--profiles", "b:c", "--instant", LLMSIM_SEED="5")
    expected = Settings(port=1, profiles=(Path("a"), Path("b:c")), instant=True, seed=5)
    assert result.output == f"word{expected}\n"


def test_flag_wins_over_variable_over_config(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text("port = 3\nordinal = 3\nscripts = ['three.toml']\n")
    result = run("--config", str(config), "--port", "1", LLMSIM_PORT="2", LLMSIM_ORDINAL="2")
    assert result.output == f"{Settings(port=1, ordinal=2, scripts=(Path('three.toml'),))}\n"


def test_flag_of_the_wrong_kind_is_a_usage_error_that_says_what_was_expected() -> None:
    result = run("--speed", "0")
    assert result.exit_code == 2
    assert "Invalid value for '--speed': expected a number above 0, not '0'." in result.output


def test_flag_given_several_times_is_read_one_by_one() -> None:
    result = run("--script", "a", "--script", "")
    assert result.exit_code == 2
    assert "Invalid value for '--script': expected a path, not ''." in result.output


@pytest.mark.parametrize("key", SETTINGS)
def test_help_of_a_flag_names_default_and_variable(key: str) -> None:
    option = flag(SETTINGS[key])(lambda: None).__click_params__[0]  # type: ignore[attr-defined]
    assert SETTINGS[key].variable in option.help
    assert f"[default: {SETTINGS[key].default};" in option.help
    assert option.opts == [SETTINGS[key].flag]
