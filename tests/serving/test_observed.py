"""What is counted and logged of an exchange, whichever door it came by."""

import logging

import pytest
from trio.testing import MockClock

from llmsim.metrics.metrics import Cause, Metrics
from llmsim.serving.inference import Answer
from llmsim.serving.observed import CLIENT_GONE, PROBES, Exchange, cause_of
from llmsim.store.schema import Ending

HEADERS = (("x-request-id", "req_1"), ("x-llmsim-session", "s"), ("content-length", "0"))


def ended(path: str, status: int | None, ending: Ending, logged: pytest.LogCaptureFixture) -> logging.LogRecord:
    """The line of an exchange that ended so; its request was answered unless `status` is None."""
    metrics = Metrics()
    exchange = Exchange("POST", path, "/route", 0.0)
    if status is not None:
        exchange.answered(Answer(status, HEADERS, b""))
    with logged.at_level(logging.DEBUG, logger="llmsim.http"):
        exchange.ended(metrics, None, ending)
    counted = f'llm_simulator_requests_total{{route="/route",status="{status or CLIENT_GONE}"}} 1.0'
    assert counted in metrics.exposition().decode()
    [record] = logged.records
    return record


@pytest.mark.parametrize(
    ("path", "status", "ending", "level"),
    [
        ("/v1/models", 200, Ending.COMPLETED, logging.DEBUG),
        ("/v1/models", 404, Ending.COMPLETED, logging.INFO),
        ("/v1/models", 200, Ending.CLIENT_LEFT, logging.INFO),
        ("/v1/models", None, Ending.CLIENT_LEFT, logging.INFO),
        ("/readyz", 503, Ending.COMPLETED, logging.DEBUG),
    ],
)
async def test_exchange_is_logged_aloud_where_it_did_not_end_well(
    autojump_clock: MockClock,
    caplog: pytest.LogCaptureFixture,
    path: str,
    status: int | None,
    ending: Ending,
    level: int,
) -> None:
    record = ended(path, status, ending, caplog)
    assert record.levelno == level
    assert record.fields["status"] == (status or CLIENT_GONE)  # type: ignore[attr-defined]  # an extra


async def test_exchange_says_what_its_answer_said_of_itself(
    autojump_clock: MockClock, caplog: pytest.LogCaptureFixture
) -> None:
    fields = ended("/v1/x", 200, Ending.COMPLETED, caplog).fields  # type: ignore[attr-defined]  # an extra
    assert (fields["request_id"], fields["session"]) == ("req_1", "s")
    assert "content-length" not in fields


async def test_exchange_is_counted_where_nothing_is_logged(autojump_clock: MockClock) -> None:
    logger = logging.getLogger("llmsim.http")
    level = logger.level
    logger.setLevel(logging.WARNING)
    try:
        metrics = Metrics()
        Exchange("GET", "/x", "/x", 0.0).ended(metrics, None, Ending.CLIENT_LEFT)
    finally:
        logger.setLevel(level)
    assert 'llm_simulator_requests_total{route="/x",status="499"} 1.0' in metrics.exposition().decode()


@pytest.mark.parametrize(
    ("status", "ending", "cause"),
    [
        (200, Ending.COMPLETED, None),
        (200, Ending.CLIENT_LEFT, None),
        (200, Ending.SERVER_STOPPED, None),
        (200, Ending.FAILED, Cause.SERVER),
        (400, Ending.COMPLETED, Cause.CALLER),
        (404, Ending.FAILED, Cause.CALLER),
        (429, Ending.CLIENT_LEFT, Cause.CALLER),
        (CLIENT_GONE, Ending.CLIENT_LEFT, None),
        (CLIENT_GONE, Ending.FAILED, Cause.SERVER),
        (500, Ending.COMPLETED, Cause.SERVER),
        (507, Ending.COMPLETED, Cause.SERVER),
    ],
)
async def test_error_is_the_callers_or_ours_and_a_client_that_leaves_makes_none(
    autojump_clock: MockClock, status: int, ending: Ending, cause: Cause | None
) -> None:
    assert cause_of(status, ending) is cause
    metrics = Metrics()
    Exchange("POST", "/v1/x", "/v1/x", 0.0, status).ended(metrics, None, ending)
    assert {one: count.value for one, count in metrics.errors.items()} == {one: one is cause for one in Cause}


async def test_probe_is_no_error_and_no_load(autojump_clock: MockClock) -> None:
    metrics = Metrics()
    for path in PROBES:
        Exchange("GET", path, path, 0.0, 503).ended(metrics, None, Ending.COMPLETED)
    text = metrics.exposition().decode().splitlines()
    assert "llm_simulator_requests_per_second 0.0" in text
    assert all(count.value == 0 for count in metrics.errors.values())
    assert 'llm_simulator_requests_total{route="/startupz",status="503"} 1.0' in text
