"""`llmsim identity`: the ordinal and its source, and the seeds that follow from a root seed."""

import socket

import pytest

from tests.said import CommandLine


@pytest.fixture(autouse=True)
def host_name(monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(socket, "gethostname", lambda: "llm-simulator-2")
    return "llm-simulator-2"


def test_identity_by_default_is_the_host_names(command_line: CommandLine) -> None:
    said = command_line("identity")
    assert said.code == 0
    assert said.out.splitlines() == [
        "host name       llm-simulator-2",
        "ordinal         2",
        "ordinal source  host name llm-simulator-2",
        "root seed       the store's, or drawn for a fresh store",
    ]


def test_identity_with_seed_and_ordinal_as_json_is_pinned(command_line: CommandLine) -> None:
    """The pod's seed is what every draw starts from: it may never change."""
    said = command_line("identity", "--seed", 7, "--ordinal", 1, "--json")
    assert said.json() == {
        "host_name": "llm-simulator-2",
        "ordinal": 1,
        "ordinal_source": "given",
        "root_seed": 7,
        "root_seed_fingerprint": "263c7f06b640",
        "pod_seed": "f0548bc43d5b15d322837881d45e2fc93ec6b59715ffe1f9ef7954901c61f21f",
    }


def test_identity_from_the_environment_and_empty_counts_as_absent(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMSIM_ORDINAL", "5")
    assert command_line("identity", "--json").json()["ordinal"] == 5
    monkeypatch.setenv("LLMSIM_ORDINAL", "")
    assert command_line("identity", "--json").json()["ordinal"] == 2


def test_identity_with_a_pod_name_as_ordinal_is_an_operator_error(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMSIM_ORDINAL", "llm-simulator-0")
    said = command_line("identity")
    assert said.code == 2
    assert "LLMSIM_ORDINAL: expected a whole number from 0 to 65535" in said.err
    monkeypatch.delenv("LLMSIM_ORDINAL")
    said = command_line("identity", "--ordinal", "llm-simulator-0")
    assert said.code == 2
    assert "'--ordinal': expected a whole number from 0 to 65535" in said.err
