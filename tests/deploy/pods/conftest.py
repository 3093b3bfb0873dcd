"""The image, a region of three pods, and a transcript of what was proved with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.image.build import IMAGE, with_buildah
from tests.deploy.manifests.render import FOLDER
from tests.deploy.pods.engine import lacking
from tests.deploy.pods.region import SHARED, Region, overlay, region

PROVEN = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Nothing here runs without these programs, so nothing is skipped: it is said at once what to install."""
    config.stash[PROVEN] = []
    if lacking():
        raise pytest.UsageError(f"missing here: apt-get install --no-install-recommends {' '.join(lacking())}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print what was proved."""
    if config.stash[PROVEN]:
        terminalreporter.section("proved")
    for fact in config.stash[PROVEN]:
        terminalreporter.line(fact)


@pytest.fixture(scope="session")
def proven(pytestconfig: pytest.Config) -> list[str]:
    """One line for each fact that a test has seen; printed when all have ended."""
    return pytestconfig.stash[PROVEN]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that both regions see, and uid 1000 may write to: a place for snapshots."""
    folder = tmp_path_factory.mktemp("shared")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="session")
def image() -> str:
    """The image, built of what is checked out."""
    with_buildah(IMAGE)
    return IMAGE


@pytest.fixture(scope="session")
def _primary(tmp_path_factory: pytest.TempPathFactory, image: str, shared: Path) -> Iterator[Region]:
    assert image
    folder = tmp_path_factory.mktemp("primary")
    with region(folder, overlay(FOLDER, folder / "overlay", shared, LLMSIM_ARCHIVE_TO=SHARED)) as made:
        yield made


@pytest.fixture
def primary(_primary: Region) -> Region:
    """Three pods, those that a test took away made again, in the order of their ordinals as OrderedReady has it."""
    for ordinal in range(_primary.statefulset["spec"]["replicas"]):
        if not _primary.runs(ordinal):
            _primary.start(ordinal).close()
    return _primary
