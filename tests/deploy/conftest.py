"""The fetched programs as fixtures: a test that asks for one which this machine cannot have is skipped, with why."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.deploy import tools


def had(fetch: Callable[[], Path]) -> Path:
    """The program, or a skip that says why it is missing."""
    try:
        return fetch()
    except tools.Missing as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def helm3() -> Path:
    return had(lambda: tools.helm(3))


@pytest.fixture(scope="session")
def helm4() -> Path:
    return had(lambda: tools.helm(4))


@pytest.fixture(scope="session", params=[3, 4], ids=["helm3", "helm4"])
def helm(request: pytest.FixtureRequest) -> Path:
    """Each major version of Helm: the test runs once for each."""
    return had(lambda: tools.helm(request.param))


@pytest.fixture(scope="session")
def kubectl() -> Path:
    return had(tools.kubectl)


@pytest.fixture(scope="session")
def promtool() -> Path:
    return had(tools.promtool)


@pytest.fixture(scope="session")
def prometheus() -> Path:
    return had(tools.prometheus)
