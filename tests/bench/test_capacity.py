"""The bench of capacity: figures that are hidden in loads are found again; a closed loop asks each request once."""

import socket
import threading
from pathlib import Path

import attrs
import pytest

from llmsim.sizing import COSTS
from tests.bench import bodies, closed_loop
from tests.bench.capacity import Capacity, Turns, settled, table


def cost(prompt: float, reply: float, *, stored: bool = True, history: float = 0) -> Turns:
    """A load of turns that cost exactly what COSTS says."""
    cpu_us = COSTS.turn_us + stored * COSTS.commit_us + COSTS.prompt_token_us * prompt + COSTS.reply_token_us * reply
    disk = COSTS.turn_bytes + COSTS.prompt_token_bytes * prompt + COSTS.reply_token_bytes * reply
    return Turns(cpu_us + COSTS.history_token_us * history, disk, prompt + history, reply)


def test_costs_are_solved_from_loads_that_have_them(tmp_path: Path) -> None:
    capacity = Capacity(tmp_path, print)
    short = cost(78, 50)
    capacity.solve(
        short=short,
        long=cost(78, 800),
        question=cost(1300, 50),
        history=cost(78, 50, history=1500),
        unstored=cost(78, 50, stored=False),
        archived=attrs.evolve(short, cpu_us=short.cpu_us + 7),
        prose=cost(78, 270),
    )
    known = attrs.asdict(COSTS)
    solved = {name: value for name, [value] in capacity.found.items() if name in known}
    assert solved == pytest.approx({name: known[name] for name in solved})
    assert len(solved) == 8
    assert capacity.found["(archive, more)_us"] == pytest.approx([7])
    lines = table(capacity.found)
    assert len(lines) == len(capacity.found) + 1
    assert lines[1].split() == ["turn_us", *[f"{COSTS.turn_us:,.1f}"] * 4]


def test_least_cpu_time_counts_and_the_middle_of_the_rest() -> None:
    assert settled([Turns(9, 1, 1, 1), Turns(7, 5, 2, 3), Turns(8, 3, 9, 2)]) == Turns(7, 3, 2, 2)


def test_requests_of_a_run_are_never_alike(tmp_path: Path) -> None:
    capacity = Capacity(tmp_path, print)
    asked = [*capacity.asked(1, "short", 3), *capacity.asked(1, "short", 2, stream=True)]
    assert len(set(asked)) == 5
    assert not any(bodies.MARK in one for one in asked)
    for one in asked:
        head, _, body = one.partition("\r\n\r\n")
        assert f"content-length: {len(body)}" in head


class Answering:
    """A server for one test: it answers each request with what `answer` makes of its body, in two writes."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status = status
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection: socket.socket) -> None:
        with connection:
            while data := connection.recv(65536):
                body = data.partition(b"\r\n\r\n")[2]
                connection.sendall(f"HTTP/1.1 {self.status}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:1])
                connection.sendall(body[1:])


def test_closed_loop_brings_every_answer_once() -> None:
    server = Answering()
    with server.listener:
        requests = [f"POST / HTTP/1.1\r\n\r\nquestion {number}" for number in range(40)]
        found = closed_loop.answers(server.port, requests, 4)
    assert sorted(found) == sorted(f"question {number}".encode() for number in range(40))


def test_closed_loop_stops_at_an_error() -> None:
    server = Answering("507 Insufficient Storage")
    with server.listener, pytest.raises(RuntimeError, match="507 Insufficient Storage"):
        closed_loop.answers(server.port, ["POST / HTTP/1.1\r\n\r\nq"], 1)
