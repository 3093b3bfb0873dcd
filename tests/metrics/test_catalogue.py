"""The catalogue is what is exposed: not a metric more, not one less, each as it is described."""

from prometheus_client.metrics_core import Metric as Family

from llmsim.metrics.catalogue import METRICS, OURS, PREFIX, PROCESS, Kind, samples
from llmsim.metrics.metrics import Cause, Metrics
from llmsim.turn import Usage


def used() -> list[Family]:
    """The families of a simulator of which every metric has a sample."""
    metrics = Metrics()
    metrics.built(3)
    metrics.priced("p", lambda _usage: 0.5)
    metrics.requested("/x", 500, Cause.SERVER)
    metrics.turn_admitted("p", "s", Usage(1, 2), 10, 20, 2)
    metrics.turn_ended("p", "completed", 0.0)
    return list(metrics.registry.collect())


def exposed_as(family: Family) -> str:
    """The name of a family in the text format, where a counter has its ending."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def test_everything_that_is_exposed_is_described_and_the_other_way_round() -> None:
    assert sorted(exposed_as(family) for family in used()) == sorted(metric.name for metric in METRICS)


def test_kinds_labels_and_meanings_are_those_described() -> None:
    described = {metric.name: metric for metric in METRICS}
    for family in used():
        metric = described[exposed_as(family)]
        assert family.type == metric.kind
        assert family.samples
        for sample in family.samples:
            assert set(sample.labels) - {"le"} == set(metric.labels)
            assert sample.name in metric.samples
        if metric not in PROCESS:
            assert family.documentation == metric.meaning


def test_buckets_are_those_described() -> None:
    described = {metric.name: metric for metric in METRICS if metric.kind is Kind.HISTOGRAM}
    for family in used():
        if family.type == "histogram":
            bounds = [float(sample.labels["le"]) for sample in family.samples if "le" in sample.labels]
            assert bounds[:-1] == list(described[family.name].bounds)


def test_names_have_the_one_prefix_or_are_the_processs_and_end_as_promised() -> None:
    assert all(name.startswith(f"{PREFIX}_") for name in OURS)
    assert all(metric.name.startswith("process_") for metric in PROCESS)
    for metric in METRICS:
        assert metric.name.endswith("_total") is (metric.kind is Kind.COUNTER)
        assert metric.unit
        assert bool(metric.bounds) is (metric.kind is Kind.HISTOGRAM)


def test_samples_are_the_names_of_an_exposition_and_the_families_of_histograms() -> None:
    exposed = {sample.name for family in used() for sample in family.samples}
    assert exposed == samples() - {metric.name for metric in METRICS if metric.kind is Kind.HISTOGRAM}
