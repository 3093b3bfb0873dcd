"""Events are counted right however they are cut, and lateness is what it says."""

import pytest

from tests.bench.events import Received, Schedule, errors, stamps, status_of

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENTS = [b'data: {"delta":{"content":"data: \\n\\n"}}\n\n', b'data: {"delta":{}}\n\n', b"data: [DONE]\n\n"]
MS = 1_000_000


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


STREAM = HEAD + chunk(EVENTS[0]) + chunk(EVENTS[1] + EVENTS[2]) + b"0\r\n\r\n"


@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 16, 64, 1000])
def test_events_are_counted_whatever_the_reads(size: int) -> None:
    received = Received()
    for number, start in enumerate(range(0, len(STREAM), size)):
        assert not received.ended
        received.feed(STREAM[start : start + size], number)
    assert (received.events, received.ended, received.whole) == (3, True, True)
    assert received.size_bytes == len(STREAM)


def test_an_event_arrives_with_its_last_byte() -> None:
    received = Received()
    received.feed(HEAD, 1)
    received.feed(b"11\r\ndata: {}\n", 2)
    received.feed(b"\ndata: 1\n\n", 3)
    assert received.arrivals == [(3, 2)]
    assert stamps(received.arrivals) == [3, 3]


def test_events_of_one_read_share_its_stamp() -> None:
    assert stamps([(10, 1), (20, 4), (30, 5)]) == [10, 20, 20, 20, 30]


def test_a_stream_without_its_end_is_not_whole() -> None:
    received = Received()
    received.feed(HEAD + chunk(EVENTS[0]), 1)
    ended = [received.ended]
    received.feed(b"", 2)
    assert [*ended, received.ended] == [False, True]
    assert not received.whole


def test_a_stream_that_ends_with_its_connection_is_whole() -> None:
    received = Received()
    received.feed(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"".join(EVENTS), 1)
    received.feed(b"", 2)
    assert received.whole


def test_a_refusal_is_no_whole_stream() -> None:
    received = Received()
    received.feed(STREAM.replace(b"200", b"503"), 1)
    assert (received.status, received.ended, received.whole) == (503, True, False)


@pytest.mark.parametrize(
    ("head", "status"), [(b"HTTP/1.1 404 Not", 404), (b"", 0), (b"HTTP/1.1", 0), (b"SSH-2.0-x 200", 0)]
)
def test_status_is_in_the_first_line(head: bytes, status: int) -> None:
    assert status_of(head) == status


def test_schedule_puts_role_and_end_beside_tokens() -> None:
    plan = Schedule(200, 50)
    assert [plan.due_ms(index, 6) for index in range(6)] == [200, 200, 250, 300, 300, 300]


def test_schedule_of_others_has_its_own_order() -> None:
    plan = Schedule(0, 10, before=0, after=1)
    assert [plan.due_ms(index, 4) for index in range(4)] == [0, 10, 20, 20]
    assert Schedule(0, 10).tokens_per_s == 100


def test_errors_are_against_the_request_and_against_the_first_token() -> None:
    arrived = [sent + 1000 * MS for sent in (203 * MS, 204 * MS, 250 * MS, 309 * MS, 309 * MS, 310 * MS)]
    found = errors(Schedule(200, 50), 1000 * MS, arrived, whole=True)
    assert found is not None
    assert found.absolute_ms == [3, 4, 0, 9, 9, 10]
    assert found.ttft_ms == 4
    assert found.relative_ms == [-4, 5, 5, 6]


def test_errors_of_a_stream_that_was_cut_count_what_came() -> None:
    found = errors(Schedule(200, 50), 0, [200 * MS, 200 * MS, 250 * MS, 307 * MS], whole=False)
    assert found is not None
    assert found.absolute_ms == [0, 0, 0, 7]


def test_a_stream_without_a_token_has_no_errors() -> None:
    assert errors(Schedule(200, 50), 0, [200 * MS], whole=False) is None
