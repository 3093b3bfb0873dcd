"""`--runs N`: how often the crowd arrives in another order, each way; fifty times in `nox -s determinism`."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--runs", type=int, default=3, help="runs of the crowd, in virtual time and over sockets each")


@pytest.fixture
def runs(request: pytest.FixtureRequest) -> range:
    return range(request.config.getoption("--runs"))
