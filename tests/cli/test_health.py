"""`llmsim health` against sockets that answer well, badly, slowly or not at all."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from llmsim.cli import health
from llmsim.cli.health import asked_host
from tests.said import CommandLine

WELL = b'HTTP/1.1 200 OK\r\ncontent-length: 18\r\n\r\n{"status":"alive"}'


@contextmanager
def answering(speak: Callable[[socket.socket], None], host: str = "127.0.0.1") -> Iterator[tuple[int, list[bytes]]]:
    """A port that takes one connection, and what it was asked, once it has spoken."""
    asked: list[bytes] = []
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as listener:

        def take() -> None:
            connection, _ = listener.accept()
            with connection:
                asked.append(connection.recv(65_536))
                speak(connection)

        thread = threading.Thread(target=take)
        thread.start()
        yield listener.getsockname()[1], asked
        thread.join()


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(answer)


def silent(connection: socket.socket) -> None:
    connection.recv(1)


def dripping(connection: socket.socket) -> None:
    """A header that never ends, in bytes that come often enough for any timeout between two of them."""
    gone = threading.Event()
    try:
        connection.sendall(b"HTTP/1.1 200 OK\r\nx: ")
        while not gone.wait(0.01):
            connection.sendall(b"x")
    except OSError:
        gone.set()


@pytest.mark.parametrize(("flags", "path"), [((), b"GET /healthz "), (("--ready",), b"GET /readyz ")])
def test_server_that_says_200_is_healthy(command_line: CommandLine, flags: tuple[str, ...], path: bytes) -> None:
    with answering(saying(WELL)) as (port, asked):
        said = command_line("health", "--port", port, *flags)
    assert said.code == 0
    assert said.out.startswith(f"healthy: http://127.0.0.1:{port}{path.split()[1].decode()}: 200 ")
    assert '{"status":"alive"}' in said.out
    assert (said.out.count("\n"), said.err) == (1, "")
    assert asked[0].startswith(path)


def test_server_that_says_503_is_not(command_line: CommandLine) -> None:
    refusal = b'HTTP/1.1 503 Service Unavailable\r\n\r\n{"status":"draining"}\n\x1b[2J'
    with answering(saying(refusal)) as (port, _):
        said = command_line("health", "--ready", "--port", port)
    assert said.code == 1
    assert said.out.startswith(f"not healthy: http://127.0.0.1:{port}/readyz: 503 ")
    assert '{"status":"draining"} ?[2J' in said.out
    assert said.out.count("\n") == 1


def test_json_says_the_same_for_programs(command_line: CommandLine) -> None:
    with answering(saying(WELL)) as (port, _):
        said = command_line("health", "--port", port, "--json")
    answer = said.json()
    assert answer.pop("took_ms") > 0
    url = f"http://127.0.0.1:{port}/healthz"
    assert answer == {"healthy": True, "url": url, "status": 200, "said": '{"status":"alive"}'}
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        said = command_line("health", "--port", bound.getsockname()[1], "--json")
    assert said.code == 1
    assert (said.json()["healthy"], said.json()["status"], said.json()["said"]) == (False, None, "connection refused")


@pytest.mark.parametrize(
    ("speak", "word"),
    [
        (silent, "no answer within 0.2 s"),
        (dripping, "no answer within 0.2 s"),
        (saying(b""), "not an answer of HTTP: "),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n"), "not an answer of HTTP: SSH-2.0-OpenSSH_9.2"),
    ],
)
def test_port_that_does_not_answer_as_a_server_is_not_healthy(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch, speak: Callable[[socket.socket], None], word: str
) -> None:
    if word.startswith("no answer"):
        monkeypatch.setattr(health, "TIMEOUT_S", 0.2)
    with answering(speak) as (port, _):
        said = command_line("health", "--port", port)
    assert said.code == 1
    assert word in said.out
    assert (said.out.count("\n"), said.err) == (1, "")


def test_host_and_port_are_those_of_the_servers_settings(
    command_line: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with answering(saying(WELL)) as (port, _):
        monkeypatch.setenv("LLMSIM_HOST", "0.0.0.0")  # noqa: S104  (what a container sets)
        monkeypatch.setenv("LLMSIM_PORT", str(port))
        said = command_line("health")
    assert said.code == 0
    assert f"http://127.0.0.1:{port}/" in said.out


def test_address_of_six_is_asked_and_shown_in_brackets(command_line: CommandLine) -> None:
    with answering(saying(WELL), "::1") as (port, _):
        said = command_line("health", "--host", "::", "--port", port)
    assert said.code == 0
    assert f"http://[::1]:{port}/healthz" in said.out


def test_every_address_is_asked_at_the_loopback_one() -> None:
    hosts = ("0.0.0.0", "::", "10.1.2.3", "localhost", "::1")  # noqa: S104  (asked of, not bound to)
    assert [asked_host(host) for host in hosts] == ["127.0.0.1", "::1", "10.1.2.3", "localhost", "::1"]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("--port", "0"), "give the one that the server listens on"),
        (("--port", "65536"), "65535"),
        (("--host", "127.0.0.1 "), "'127.0.0.1 ' is not the name or the address of a host"),
        (("--host", "a\r\nb"), r"'a\r\nb' is not the name or the address of a host"),
    ],
)
def test_host_or_port_that_cannot_be_asked_is_the_operators_mistake(
    command_line: CommandLine, arguments: tuple[str, ...], word: str
) -> None:
    said = command_line("health", *arguments)
    assert said.code == 2
    assert word in said.err


def test_host_that_nobody_has_is_not_healthy(command_line: CommandLine) -> None:
    said = command_line("health", "--host", "256.256.256.256")
    assert said.code == 1
    assert "not healthy: http://256.256.256.256:8080/healthz: " in said.out


def test_little_is_imported() -> None:
    """A probe of every pod runs every few seconds."""
    heavy = "{'quart', 'hypercorn', 'lmdb', 'trio', 'rich', 'prometheus_client', 'httpx2', 'llmsim.store'}"
    code = (
        "import sys; from llmsim.cli.main import outcome; outcome(['health', '--port', '1']); "
        f"sys.exit(' '.join({heavy} & set(sys.modules)))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60, env=dict(os.environ)
    )
    assert "connection refused" in ended.stdout
    assert ended.stderr == "\n"
