"""What all tests share: a Hypothesis profile, an environment without our variables, the command line as a fixture."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from hypothesis import settings

from llmsim.cli.main import outcome
from llmsim.settings import PREFIX
from tests import pods
from tests.doors import WAYS
from tests.said import CommandLine, Said

settings.register_profile("shared", deadline=None, derandomize="CI" in os.environ, print_blob=True)
"""CI repeats, everybody else explores. No deadline for an example: on a busy machine it would fail at random."""
settings.load_profile("shared")


def pytest_configure() -> None:
    """Whoever runs the tests may have settings of their own; the tests, and servers that they start, must not."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]


@contextmanager
def logging_kept() -> Iterator[None]:
    """What the block makes of logging, for the whole process, ends with it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)


@pytest.fixture(params=WAYS)
def each_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pods are asked directly and through the door: the test runs once for each."""
    monkeypatch.setattr(pods, "way", WAYS[request.param])


@pytest.fixture
def command_line(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    """Runs `llmsim ARGUMENTS...` in this process."""

    def run(*arguments: object) -> Said:
        capsys.readouterr()
        try:
            with logging_kept():
                code = outcome([str(argument) for argument in arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return run
