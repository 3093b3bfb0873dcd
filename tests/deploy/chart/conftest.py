"""Renderings that many tests look at: each variant for each Kubernetes that changes it, all of them at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.deploy.chart import charts
from tests.deploy.chart.charts import CHANGES, VARIANTS, Objects, Values

Render = Callable[..., Objects]


@pytest.fixture(scope="session")
def chart(helm4: Path) -> Render:
    """The chart with values (a mapping, or the name of a file in ci/), as the newest Helm renders it."""

    def render(values: Values | str | None = None, kube: str = charts.TODAY, apis: tuple[str, ...] = ()) -> Objects:
        named = charts.CHART / "ci" / f"{values}-values.yaml" if isinstance(values, str) else values
        return charts.rendered(helm4, named, kube, apis)

    return render


@pytest.fixture(scope="session")
def renderings(helm3: Path, helm4: Path) -> None:
    """Every variant for each Kubernetes that changes it, and by the older Helm for one: all of them at once."""
    wanted = [(helm4, variant, kube) for variant in VARIANTS for kube in CHANGES]
    wanted += [(helm3, variant, charts.TODAY) for variant in VARIANTS]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda one: charts.template(*one), wanted))
