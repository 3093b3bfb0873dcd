"""`llmsim size`: the planners' example, what people and programs read, and inputs that make no sense."""

from pathlib import Path

import attrs
import pytest

from llmsim.sizing import COSTS
from tests.said import CommandLine

ASKED = ("size", "--target-rps", 200, "--profile", "gpt-4o-mini")


def test_example_of_the_planners(command_line: CommandLine) -> None:
    said = command_line("size", "--target-rps", 10_000, "--profile", "default", "--pod-rps", 500, "--headroom", "25%")
    lines = dict(line.split("  ", 1) for line in said.out.split("\n\n")[0].splitlines())
    read = {name: value.strip() for name, value in lines.items()}
    assert read["one pod"] == "500 requests/s, as given (medium by planning tables)"
    assert read["pods"] == "20 needed, 25 with 25% headroom"
    assert read["HPA"] == "min 25, max 50"


def test_json_has_the_load_what_follows_and_the_costs(command_line: CommandLine) -> None:
    found = command_line(*ASKED, "--streamed", "50%", "--stored", 10, "--headroom", "0", "--json").json()
    assert found["profile"] == "gpt-4o-mini"
    assert found["load"] == {
        "target_rps": 200,
        "streamed": 0.5,
        "stored": 0.1,
        "headroom": 0,
        "prompt_tokens": 80,
        "history_tokens": 0,
    }
    assert found["costs"] == attrs.asdict(COSTS)
    assert found["size"]["pods"] == found["size"]["pods_needed"]
    concurrent = 200 * found["size"]["means"]["duration_ms"] / 1000
    assert found["size"]["concurrent"] == pytest.approx(concurrent)
    said = command_line(*ASKED, "--streamed", "50%", "--headroom", 0).out
    assert f"{concurrent:,.0f} on average, {concurrent / 2:,.0f} of them streams; " in said


def test_a_model_stands_for_the_profile_that_serves_it(command_line: CommandLine) -> None:
    found = command_line("size", "--target-rps", 1, "--profile", "gpt-4o-mini-2024-07-18", "--json").json()
    assert found["profile"] == "gpt-4o-mini"


def test_profiles_of_ones_own_are_known(command_line: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'summary = "Mine."\ncontext_window = 1000\nmax_output = 100\n'
        'output_tokens = { kind = "constant", value = 10 }\n'
        '[latency]\nttft_ms = { kind = "constant", value = 20 }\nitl_ms = { kind = "constant", value = 5 }\n'
    )
    asked = ("size", "--target-rps", 1, "--profile", "mine", "--profiles", tmp_path)
    assert command_line(*asked, "--json").json()["size"]["means"]["reply_tokens"] == 10
    said = command_line(*asked, "--prompt-tokens", 600, "--history-tokens", 400)
    assert said.code == 2
    assert "1,000 tokens does not fit into the context window of 'mine', 1,000 tokens" in said.err


def test_streaming_takes_more_pods_and_storing_fills_volumes(command_line: CommandLine) -> None:
    streamed, whole = (
        command_line(*ASKED, "--streamed", share, "--stored", share, "--json").json()["size"]
        for share in ("100%", "0%")
    )
    assert streamed["pods"] > whole["pods"]
    assert streamed["volume_full_days"] > 0
    assert whole["volume_full_days"] is None
    assert "nothing is stored" in command_line(*ASKED, "--stored", "0%").out


def test_an_unknown_profile_names_the_nearest(command_line: CommandLine) -> None:
    said = command_line("size", "--target-rps", 1, "--profile", "gpt4o-mini")
    assert (said.code, said.out) == (2, "")
    assert "no profile is called 'gpt4o-mini' or claims that model (did you mean 'gpt-4o-mini'?)" in said.err


@pytest.mark.parametrize(
    ("flag", "value", "expected"),
    [
        ("--target-rps", "0", "expected a number above 0, not '0'"),
        ("--target-rps", "-5", "expected a number above 0, not '-5'"),
        ("--target-rps", "nan", "expected a number above 0, not 'nan'"),
        ("--target-rps", "many", "expected a number above 0, not 'many'"),
        ("--target-rps", "1e12", "1e+12 requests a second take more than 10,000 pods"),
        ("--pod-rps", "0", "expected a number above 0, not '0'"),
        ("--headroom", "-1%", "expected percent from 0 to 1000, such as 25%, not '-1%'"),
        ("--headroom", "1001%", "expected percent from 0 to 1000, such as 25%, not '1001%'"),
        ("--streamed", "101%", "expected percent from 0 to 100, such as 25%, not '101%'"),
        ("--stored", "half", "expected percent from 0 to 100, such as 25%, not 'half'"),
        ("--prompt-tokens", "-1", "expected a number from 0 on, not '-1'"),
        ("--history-tokens", "128000", "does not fit into the context window of 'gpt-4o-mini', 128,000 tokens"),
    ],
)
def test_what_makes_no_sense_is_the_operators_error(
    command_line: CommandLine, flag: str, value: str, expected: str
) -> None:
    said = command_line(*ASKED, flag, value)
    assert (said.code, said.out) == (2, "")
    assert expected in said.err


@pytest.mark.parametrize("missing", ["--target-rps", "--profile"])
def test_what_is_asked_must_be_said(command_line: CommandLine, missing: str) -> None:
    given = {"--target-rps": 1, "--profile": "default"}
    said = command_line("size", *(word for flag, value in given.items() if flag != missing for word in (flag, value)))
    assert said.code == 2
    assert f"Missing option '{missing}'" in said.err
