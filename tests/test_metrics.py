"""The registry of one simulator."""

from llmsim.metrics import PREFIX, Metrics
from llmsim.turn import Usage


def lines(metrics: Metrics) -> list[str]:
    return metrics.exposition().decode().splitlines()


def test_every_metric_has_the_one_prefix() -> None:
    names = [line.split()[2] for line in lines(Metrics()) if line.startswith("# TYPE")]
    assert len(names) > 10
    assert all(name.startswith(f"{PREFIX}_") for name in names)


def test_turn_is_counted_from_admission_to_end() -> None:
    metrics = Metrics()
    metrics.turn_admitted("p", Usage(10, 5, 3), 500_000, 900_000)
    assert "llm_simulator_responses_in_flight 1.0" in lines(metrics)
    metrics.turn_ended("p", "client_left", 0.25)
    text = lines(metrics)
    assert "llm_simulator_responses_in_flight 0.0" in text
    assert 'llm_simulator_turns_total{ending="client_left",profile="p"} 1.0' in text
    for kind, count in {"prompt": 10, "cached": 3, "completion": 5}.items():
        assert f'llm_simulator_tokens_total{{kind="{kind}",profile="p"}} {count}.0' in text
    assert "llm_simulator_overhead_seconds_sum 0.25" in text
    assert 'llm_simulator_ttft_seconds_sum{profile="p"} 0.5' in text
    assert 'llm_simulator_turn_duration_seconds_sum{profile="p"} 0.9' in text


def test_commits_are_counted_by_size_and_time() -> None:
    metrics = Metrics()
    metrics.committed(64, 0.002)
    assert "llm_simulator_commit_batch_size_sum 64.0" in lines(metrics)
    assert "llm_simulator_commit_duration_seconds_sum 0.002" in lines(metrics)


def test_store_is_asked_at_each_scrape_and_two_simulators_do_not_meet() -> None:
    stored = [3, 4, 5]
    first, second = Metrics(), Metrics()
    first.watch_store(lambda: stored.pop(0), lambda: 4096)
    assert "llm_simulator_sessions_stored 3.0" in lines(first)
    assert "llm_simulator_sessions_stored 4.0" in lines(first)
    assert "llm_simulator_store_bytes 4096.0" in lines(first)
    assert "llm_simulator_sessions_stored 0.0" in lines(second)
