"""The registry of one simulator."""

import math

import attrs
import pytest

from llmsim.metrics.metrics import Cause, Metrics
from llmsim.turn import Usage

USAGE = Usage(10, 5, 3)


@attrs.define
class Time:
    """A clock that goes when it is told to."""

    now_s: float = 1000.25

    def __call__(self) -> float:
        return self.now_s


def lines(metrics: Metrics) -> list[str]:
    return metrics.exposition().decode().splitlines()


def told(metrics: Metrics, name: str) -> float:
    """The one sample of this name."""
    [line] = [line for line in lines(metrics) if line.startswith(f"llm_simulator_{name} ")]
    return float(line.split()[1])


def test_turn_is_counted_from_admission_to_end() -> None:
    metrics = Metrics()
    metrics.turn_admitted("p", "s", USAGE, 500_000, 900_000, 5)
    assert told(metrics, "responses_in_flight") == 1
    metrics.turn_ended("p", "client_left", 0.25)
    text = lines(metrics)
    assert told(metrics, "responses_in_flight") == 0
    assert 'llm_simulator_turns_total{ending="client_left",profile="p"} 1.0' in text
    for kind, count in {"prompt": 10, "cached": 3, "completion": 5}.items():
        assert f'llm_simulator_tokens_total{{kind="{kind}",profile="p"}} {count}.0' in text
    assert "llm_simulator_overhead_seconds_sum 0.25" in text
    assert 'llm_simulator_ttft_seconds_sum{profile="p"} 0.5' in text
    assert 'llm_simulator_turn_duration_seconds_sum{profile="p"} 0.9' in text


def test_gaps_between_tokens_are_counted_each_with_the_mean_of_their_turn() -> None:
    metrics = Metrics()
    metrics.turn_admitted("p", "s", USAGE, 500_000, 900_000, 5)
    metrics.turn_admitted("p", "s", USAGE, 500_000, 500_000, 1)
    metrics.turn_admitted("p", "s", USAGE, 0, 0, 0)
    text = lines(metrics)
    assert 'llm_simulator_itl_seconds_count{profile="p"} 4.0' in text
    assert 'llm_simulator_itl_seconds_sum{profile="p"} 0.4' in text
    assert 'llm_simulator_itl_seconds_bucket{le="0.075",profile="p"} 0.0' in text
    assert 'llm_simulator_itl_seconds_bucket{le="0.1",profile="p"} 4.0' in text


def test_cost_is_that_of_the_profile_and_no_sample_where_it_has_no_prices() -> None:
    metrics = Metrics()
    for profile in ("dear", "not asked for"):
        metrics.priced(profile, lambda usage: usage.completion_tokens * 0.5)
    assert [line for line in lines(metrics) if "profile=" in line] == []
    for profile in ("dear", "dear", "free"):
        metrics.turn_admitted(profile, "s", USAGE, 1, 1, 1)
    costs = [line for line in lines(metrics) if line.startswith("llm_simulator_cost_usd_total")]
    assert costs == ['llm_simulator_cost_usd_total{profile="dear"} 5.0']


def test_turn_without_a_response_is_not_late() -> None:
    metrics = Metrics()
    metrics.turn_admitted("p", "s", USAGE, 1, 1, 1)
    metrics.turn_ended("p", "completed", None)
    assert told(metrics, "overhead_seconds_count") == 0
    assert 'llm_simulator_turns_total{ending="completed",profile="p"} 1.0' in lines(metrics)


def test_errors_are_counted_by_cause_and_all_causes_are_there_from_the_start() -> None:
    metrics = Metrics()
    for cause in Cause:
        assert f'llm_simulator_errors_total{{cause="{cause}"}} 0.0' in lines(metrics)
    metrics.requested("/x", 200)
    metrics.requested("/x", 404, Cause.CALLER)
    metrics.requested("/x", 429, Cause.SIMULATED)
    metrics.requested("/x", 429, Cause.CALLER)
    metrics.requested("/x", 507, Cause.SERVER)
    counted = {cause: metrics.errors[cause].value for cause in Cause}
    assert counted == {Cause.CALLER: 2, Cause.SIMULATED: 1, Cause.SERVER: 1}
    assert 'llm_simulator_requests_total{route="/x",status="429"} 2.0' in lines(metrics)


def test_probes_are_requests_that_are_neither_load_nor_errors() -> None:
    metrics = Metrics(Time())
    metrics.probed("/readyz", 503)
    assert 'llm_simulator_requests_total{route="/readyz",status="503"} 1.0' in lines(metrics)
    assert told(metrics, "requests_per_second") == 0
    assert sum(count.value for count in metrics.errors.values()) == 0


def test_rate_lateness_and_active_sessions_are_those_of_a_window_and_pass() -> None:
    time = Time()
    metrics = Metrics(time)
    for session in ("a", "b", "a", "a"):
        metrics.requested("/x", 200)
        metrics.turn_admitted("p", session, USAGE, 1, 1, 1)
        metrics.turn_ended("p", "completed", 0.2)
    time.now_s += 2
    assert told(metrics, "requests_per_second") == 2
    assert told(metrics, "sessions_active") == 2
    assert told(metrics, "latency_p95_ms") == pytest.approx(200, rel=0.1)
    time.now_s += 61 + 5
    assert told(metrics, "requests_per_second") == told(metrics, "latency_p95_ms") == 0
    assert told(metrics, "sessions_active") == 2
    time.now_s += 300
    assert told(metrics, "sessions_active") == 0


def test_nothing_waits_for_a_place_to_run() -> None:
    assert told(Metrics(), "queue_depth") == 0


def test_commits_are_counted_by_size_and_time() -> None:
    metrics = Metrics()
    metrics.committed(64, 0.002)
    assert "llm_simulator_commit_batch_size_sum 64.0" in lines(metrics)
    assert "llm_simulator_commit_duration_seconds_sum 0.002" in lines(metrics)


def test_store_is_asked_at_each_scrape_and_two_simulators_do_not_meet() -> None:
    stored = [3, 4, 5]
    first, second = Metrics(), Metrics()
    first.watch_store(lambda: stored.pop(0), lambda: 4096)
    first.watch_volume(lambda: 100.0, lambda: math.nan)
    assert "llm_simulator_sessions_stored 3.0" in lines(first)
    text = lines(first)
    assert "llm_simulator_sessions_stored 4.0" in text
    assert "llm_simulator_store_bytes 4096.0" in text
    assert "llm_simulator_volume_size_bytes 100.0" in text
    assert "llm_simulator_volume_free_bytes NaN" in text
    assert "llm_simulator_sessions_stored 0.0" in lines(second)


def test_age_of_the_newest_snapshot_is_unknown_until_there_is_one() -> None:
    metrics = Metrics()
    assert math.isnan(told(metrics, "snapshot_age_seconds"))
    metrics.snapshot_known(0.0)
    assert told(metrics, "snapshot_age_seconds") > 1e9


def test_build_says_which_python_and_which_plans() -> None:
    metrics = Metrics()
    metrics.built(plan_version=7)
    [line] = [line for line in lines(metrics) if line.startswith("llm_simulator_build_info{")]
    assert 'plan_version="7"' in line
    assert 'python_version="3.' in line
    assert line.endswith(" 1.0")


def test_process_is_measured_and_nothing_of_the_interpreter() -> None:
    names = {line.split()[2] for line in lines(Metrics()) if line.startswith("# TYPE")}
    assert {"process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"} <= names
    assert not [name for name in names if name.startswith("python_")]
