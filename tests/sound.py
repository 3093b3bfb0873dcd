"""After every test here, each store that it wrote to is sound: in its records, and in the pages below them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from llmsim.store.check import check, check_pages
from llmsim.store.environment import DATA_FILE, Environment


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line(
        "markers", "leaves_unsound(why): this test breaks a store on purpose; it is not checked after"
    )


@pytest.fixture(autouse=True)
def _sound_afterwards(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    written: dict[Path, None] = {}
    really_open = Environment.open

    def recording(data_dir: Path, *, readonly: bool = False, **options: Any) -> Environment:  # noqa: ANN401
        environment = really_open(data_dir, readonly=readonly, **options)
        if not readonly:
            written[data_dir] = None
        return environment

    monkeypatch.setattr(Environment, "open", staticmethod(recording))
    yield
    if request.node.get_closest_marker("leaves_unsound"):
        return
    for data_dir in written:
        if (data_dir / DATA_FILE).exists():
            with really_open(data_dir, readonly=True, lock=False) as environment:
                assert [str(finding) for finding in (*check_pages(environment), *check(environment))] == []
