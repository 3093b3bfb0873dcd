"""The judge of a canary promotes what is proven good, rolls back what is bad, and takes nothing unknown for good."""

import subprocess
import sys
from collections.abc import Callable

import orjson
import pytest
from click.testing import Result

from tests.deploy.workflows.judge import MATCH, ROOT, SCRIPT, Answer, Did, VirtualClock, canary, judge, serving
from tests.test_docs import unknown_metrics

PROMOTE, ROLL_BACK, MISTAKE, NOT_PROVEN = 0, 1, 2, 3


def judged(
    did: Callable[[int], Did | Answer], *arguments: str, clock: VirtualClock | None = None, token: str | None = None
) -> Result:
    """What the judge says of pods that did so; `did` is asked with the length of the window in seconds."""
    with serving(did) as prometheus:
        wanted = ["--prometheus", prometheus.url, "--match", MATCH, *arguments]
        return judge(wanted, clock or VirtualClock(), token)


def test_good_pods_are_watched_for_the_whole_window_and_promoted() -> None:
    clock = VirtualClock()
    result = judged(lambda _: Did(errors="9"), clock=clock)
    assert (result.exit_code, result.stdout) == (PROMOTE, "promote: 0.90 % of 1000 requests failed\n")
    assert clock.pauses_s == [15] * 20
    assert result.stderr.splitlines()[-1] == " 300 s: 1000 requests, 0.90 % failed, p99 20 ms"


def test_bad_pods_are_rolled_back_as_soon_as_there_is_no_doubt() -> None:
    clock = VirtualClock()
    result = judged(lambda _: Did(errors="50"), clock=clock)
    assert result.exit_code == ROLL_BACK
    assert result.stdout == "roll back: 5.00 % of the requests failed, beyond doubt too many\n"
    assert clock.pauses_s == [15]


def test_pods_at_the_limit_are_rolled_back_at_the_end_of_the_window() -> None:
    clock = VirtualClock()
    result = judged(lambda _: Did(errors="10"), clock=clock)
    assert result.exit_code == ROLL_BACK
    assert result.stdout == "roll back: 1.00 % of the requests failed, 1 % is the limit\n"
    assert sum(clock.pauses_s) == 300


def test_one_failure_at_the_start_is_no_proof_against_pods_that_are_good() -> None:
    result = judged(lambda window_s: Did(requests=str(window_s), errors="1"))
    assert " 15 s: 15 requests, 6.67 % failed" in result.stderr
    assert result.exit_code == PROMOTE


def test_pods_that_begin_well_and_then_fail_are_rolled_back() -> None:
    result = judged(lambda window_s: Did(errors="0" if window_s < 200 else "400"))
    assert result.exit_code == ROLL_BACK
    assert result.stderr.splitlines()[-1].startswith(" 210 s")


@pytest.mark.parametrize("requests", [None, "0", "99", "NaN"])
def test_pods_with_too_little_traffic_prove_nothing(requests: str | None) -> None:
    result = judged(lambda _: Did(requests=requests, errors="0"))
    assert result.exit_code == NOT_PROVEN
    assert "requests are too few: 100 are wanted" in result.stdout


@pytest.mark.parametrize("errors", [None, "NaN"])
def test_errors_that_nobody_counts_are_not_taken_for_none(errors: str | None) -> None:
    result = judged(lambda _: Did(errors=errors))
    assert (result.exit_code, result.stdout) == (NOT_PROVEN, "not proven: nothing is known of the errors\n")


@pytest.mark.parametrize(
    ("p99_s", "code", "said"),
    [
        ("3", PROMOTE, "promote: 0.00 %"),
        ("3.5", ROLL_BACK, "roll back: a p99 of 3500 ms, 3000 ms is the limit"),
        ("NaN", NOT_PROVEN, "not proven: nothing is known of the latency"),
        ("+Inf", NOT_PROVEN, "not proven: nothing is known of the latency"),
        (None, NOT_PROVEN, "not proven: nothing is known of the latency"),
    ],
)
def test_own_latency_is_judged_where_a_limit_is_given(p99_s: str | None, code: int, said: str) -> None:
    result = judged(lambda _: Did(p99_s=p99_s), "--max-p99", "3s")
    assert result.exit_code == code
    assert result.stdout.startswith(said)
    assert judged(lambda _: Did(p99_s=p99_s)).exit_code == PROMOTE


def test_simulated_errors_and_other_pods_are_left_out() -> None:
    with serving(lambda _: Did()) as prometheus:
        judge(["--prometheus", prometheus.url, "--match", MATCH, "--window", "15s"], VirtualClock())
    assert prometheus.asked[3:] == [
        f"sum(increase(llm_simulator_requests_total{{{MATCH}}}[15s]))",
        f'sum(increase(llm_simulator_errors_total{{cause="server",{MATCH}}}[15s]))',
        f"histogram_quantile(0.99, sum by (le) (increase(llm_simulator_overhead_seconds_bucket{{{MATCH}}}[15s])))",
    ]


def test_metrics_that_the_judge_asks_for_exist() -> None:
    assert "llm_simulator_errors_total" in SCRIPT.read_text()
    assert unknown_metrics(SCRIPT.read_text()) == []


def test_json_is_a_line_for_each_look_and_one_for_the_verdict() -> None:
    result = judged(lambda _: Did(errors="2"), "--json", "--window", "30s")
    looks = [orjson.loads(line) for line in result.stderr.splitlines()]
    assert [look["watched_s"] for look in looks] == [15, 30]
    assert orjson.loads(result.stdout) == {
        "verdict": "promote",
        "reason": "0.20 % of 1000 requests failed",
        **looks[-1],
    }
    assert looks[-1] == {"watched_s": 30, "requests": 1000, "errors": 2, "p99_s": 0.02, "error_percent": 0.2}


def test_token_goes_to_prometheus_and_nowhere_else() -> None:
    with serving(lambda _: Did()) as prometheus:
        result = judge(["--prometheus", prometheus.url, "--match", MATCH, "--json"], VirtualClock(), " secret\n")
    assert set(prometheus.tokens) == {"Bearer secret"}
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((200, b"<html>Sign in</html>"), "answered 200 and nothing of Prometheus"),
        ((401, b"Unauthorized"), "answered 401 and nothing of Prometheus"),
        ((302, b""), "answered 302 and nothing of Prometheus"),
        ((200, b"[]"), "answered 200 and nothing of Prometheus"),
        ((200, b'{"status":"success","data":{"result":[{}]}}'), "in a form that is not known"),
        ((200, b'{"status":"success","data":null}'), "in a form that is not known"),
        ((400, b'{"status":"error","error":"1:28: parse error"}'), "answered 400 to sum(increase("),
        ((503, b"Service Unavailable"), "answered 503"),
    ],
)
def test_prometheus_that_refuses_is_the_operators_mistake(answer: Answer, said: str) -> None:
    clock = VirtualClock()
    result = judged(lambda _: answer, clock=clock)
    assert result.exit_code == MISTAKE
    assert said in result.stderr
    assert result.stdout == ""
    assert clock.pauses_s == []


def test_prometheus_that_is_not_there_is_the_operators_mistake() -> None:
    with serving(lambda _: Did()) as gone:
        pass
    result = judge(["--prometheus", gone.url, "--match", MATCH], VirtualClock())
    assert (result.exit_code, result.stdout) == (MISTAKE, "")
    assert f"no answer from {gone.url}/" in result.stderr


@pytest.mark.parametrize(
    ("away", "code", "waited_s"),
    [({45, 60}, PROMOTE, 300), ({45, 75, 105}, PROMOTE, 300), ({45, 60, 75}, MISTAKE, 75), ({300}, PROMOTE, 315)],
)
def test_prometheus_may_be_away_for_two_looks_in_a_row(away: set[int], code: int, waited_s: int) -> None:
    left, clock = set(away), VirtualClock()

    def did(window_s: int) -> Did | Answer:
        assert window_s <= 300
        if window_s in left:
            left.remove(window_s)
            return 503, b"restarting"
        return Did()

    assert judged(did, clock=clock).exit_code == code
    assert left == set()
    assert clock.pauses_s == [15] * (waited_s // 15)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--match"),
        (["--match", ""], "expected a text"),
        (["--match", "a", "--window", "0s"], "1 s at least"),
        (["--match", "a", "--every", "soon"], "a length of time"),
        (["--match", "a", "--max-error-percent", "0"], "0<x<=100"),
        (["--match", "a", "--min-requests", "0"], "x>=1"),
        (["--match", "a", "--prometheus", "prometheus:9090"], "expected http(s)://HOST"),
        (["--match", "a", "--prometheus", "http://[::1"], "'--prometheus'"),
        (["--match", "a", "--prometheus", "http://u:pw@localhost"], "set PROMETHEUS_TOKEN"),
    ],
)
def test_flags_that_are_wrong_are_the_operators_mistake(arguments: list[str], said: str) -> None:
    result = judge(arguments, VirtualClock())
    assert result.exit_code == MISTAKE
    assert said in result.stderr
    assert "pw@" not in result.output


def test_token_that_no_header_can_carry_is_the_operators_mistake() -> None:
    result = judge(["--match", "a"], VirtualClock(), "a\nb")
    assert result.exit_code == MISTAKE
    assert "PROMETHEUS_TOKEN is no token" in result.stderr


@pytest.mark.parametrize(
    ("bad", "total", "sure"),
    [(0, 1, False), (1, 1, True), (1, 20, False), (3, 20, True), (11, 1000, False), (30, 1000, True), (5, 3, True)],
)
def test_doubt_is_less_the_more_was_seen(bad: float, total: float, sure: bool) -> None:
    assert canary.surely_above(bad, total, 0.01) is sure


def test_script_runs_as_a_program() -> None:
    """With the clock that it has in a pipeline: nothing answers, so that it does not wait."""
    with serving(lambda _: (200, b"nothing")) as prometheus:
        command = [sys.executable, str(SCRIPT), "--prometheus", prometheus.url, "--match", MATCH]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout) == (MISTAKE, "")
    assert done.stderr.startswith("Error: ")
    assert len(done.stderr.splitlines()) == 1


def test_help_says_what_each_exit_code_means() -> None:
    said = " ".join(judge(["--help"], VirtualClock()).stdout.split())
    for meaning in ("0 promote", "1 roll back", "2 a wrong flag", "3 not proven"):
        assert meaning in said
