"""Each engine with the image in it, once for all tests; where one is missing, a failure says what to install."""

from collections.abc import Iterator
from contextlib import AbstractContextManager

import pytest

from tests.deploy.image import engines
from tests.deploy.image.build import Missing
from tests.deploy.image.engines import Engine


def ready(engine: AbstractContextManager[Engine]) -> Iterator[Engine]:
    try:
        with engine as one:
            yield one
    except Missing as missing:
        pytest.fail(str(missing), pytrace=False)


@pytest.fixture(scope="session")
def podman() -> Iterator[Engine]:
    """Podman with what buildah built."""
    yield from ready(engines.podman())


@pytest.fixture(scope="session")
def docker() -> Iterator[Engine]:
    """Docker with what it built itself."""
    yield from ready(engines.docker())


@pytest.fixture(scope="session", params=["podman", "docker"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine: the test runs once for each."""
    found = request.getfixturevalue(request.param)
    assert isinstance(found, Engine)
    return found
