"""`--runs N`: how often the crowd arrives in another order, each way; fifty times in `nox -s determinism`.

Each run is a test of its own: fifty in one would outlast the time after which a test counts as hanging.
"""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runs", type=int, default=3, help="runs of the crowd, in virtual time and over sockets each")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "run" in metafunc.fixturenames:
        metafunc.parametrize("run", range(1, metafunc.config.getoption("--runs") + 1))
