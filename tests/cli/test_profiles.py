"""`llmsim profiles`: what is simulated, and whether a profile of one's own is sound."""

from pathlib import Path

import pytest

from llmsim.catalog import profiles_dir
from tests.said import CommandLine

SOUND = """
summary = "A fast one."
context_window = 1000
max_output = 100
output_tokens = { kind = "constant", value = 10 }
models = [{ id = "mine-1", created = 0, owned_by = "me" }]

[latency]
ttft_ms = { kind = "constant", value = 20 }
itl_ms = { kind = "constant", value = 5 }

[sources]
"latency" = "measured"
"latency.itl_ms" = "guessed"
"""


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.toml"
    file.write_text(SOUND)
    return file


def test_list_has_shipped_profiles_and_ones_own(command_line: CommandLine, mine: Path) -> None:
    rows = {row["name"]: row for row in command_line("profiles", "list", "--profiles", mine.parent, "--json").json()}
    assert set(rows) == {file.stem for file in profiles_dir().glob("*.toml")} | {"mine"}
    assert (rows["mine"]["ttft_ms"], rows["mine"]["itl_ms"], rows["mine"]["models"]) == (20, 5, ["mine-1"])


def test_list_for_pipes_has_a_line_for_each_profile(command_line: CommandLine) -> None:
    lines = command_line("profiles", "list").out.splitlines()
    assert lines[0].startswith("name\tcontext_window\t")
    assert {line.split("\t")[0] for line in lines[1:]} == {file.stem for file in profiles_dir().glob("*.toml")}


def test_show_gives_every_key_with_the_source_of_its_figure(command_line: CommandLine, mine: Path) -> None:
    lines = command_line("profiles", "show", "mine", "--profiles", mine.parent).out.splitlines()
    assert "latency.ttft_ms.value\t20.0\tmeasured" in lines
    assert "latency.itl_ms.value\t5.0\tguessed" in lines
    assert "models[0].id\tmine-1\t" in lines


def test_show_of_a_model_gives_the_profile_that_serves_it(command_line: CommandLine, mine: Path) -> None:
    said = command_line("profiles", "show", "mine-1", "--profiles", mine.parent, "--json")
    assert said.json()["name"] == "mine"


def test_show_of_an_unknown_name_names_the_nearest(command_line: CommandLine) -> None:
    said = command_line("profiles", "show", "defualt")
    assert said.code == 2
    assert "did you mean 'default'?" in said.err


def test_check_of_sound_profiles_says_fine(command_line: CommandLine, mine: Path) -> None:
    said = command_line("profiles", "check", mine, *profiles_dir().glob("*.toml"))
    assert said.code == 0
    assert all(line.endswith(": fine") for line in said.out.splitlines())


def test_check_of_a_broken_profile_names_every_fault_and_exits_1(command_line: CommandLine, mine: Path) -> None:
    broken = mine.parent / "broken.toml"
    broken.write_text(SOUND.replace("summary", "sumary").replace("1000", "'big'"))
    said = command_line("profiles", "check", broken, mine)
    assert said.code == 1
    lines = said.out.splitlines()
    assert f"{broken}: unknown key 'sumary' (did you mean 'summary'?) @ $" in lines
    assert any(line.startswith(f"{broken}: ") and line.endswith("@ $.context_window") for line in lines)
    assert f"{mine}: fine" in lines


def test_check_finds_two_profiles_that_claim_one_model(command_line: CommandLine, mine: Path) -> None:
    other = mine.parent / "other.toml"
    other.write_text(SOUND)
    said = command_line("profiles", "check", mine, other, "--json")
    assert said.code == 1
    assert "both claim the model" in said.json()[-1]["faults"][0]


def test_check_of_a_missing_file_is_an_operator_error(command_line: CommandLine, tmp_path: Path) -> None:
    assert command_line("profiles", "check", tmp_path / "none.toml").code == 2
