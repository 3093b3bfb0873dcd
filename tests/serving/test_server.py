"""The server process: what ends it, what it refuses to begin with, and what it says; real children on loopback."""

import signal
import socket
from pathlib import Path

import httpx2
import orjson
import pytest

from tests.children import Server, llmsim

BODY = {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50, "stream": True}
CHAT = "/v1/chat/completions"
NAMED = {"X-LLMSim-Session": "s1"}


def outcome(server_or_url: str) -> dict[str, object]:
    found: dict[str, object] = httpx2.get(f"{server_or_url}/llmsim/v1/sessions/s1/turns/1").json()["outcome"]
    return found


def test_server_says_where_it_listens_whose_it_is_and_what_to_paste(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--seed", "5", "--ordinal", "3") as server:
        assert httpx2.get(f"{server.url}/healthz").status_code == 200
        assert server.stop() == 0
    banner = "".join(server.banner)
    assert f"llmsim listens on {server.url}\n" in banner
    assert f"export OPENAI_BASE_URL={server.url}/v1" in banner
    assert str(tmp_path / "data") in banner
    assert "ordinal         3" in banner
    assert "root seed       5" in banner
    events = [orjson.loads(line) for line in server.log]
    assert [event["event"] for event in events] == ["listening", "stopping"]


def test_server_logs_each_request_with_its_id_as_json(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--instant", "--log-level", "debug") as server:
        answer = httpx2.post(server.url + CHAT, json=BODY, headers=NAMED)
        server.stop()
    [line] = [event for event in map(orjson.loads, server.log) if event["event"] == "request"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert (line["session"], line["turn"], line["status"]) == ("s1", "1", 200)


def test_open_stream_ends_within_the_grace_period_and_is_whole(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--grace-s", "60") as server:
        with httpx2.stream("POST", server.url + CHAT, json=BODY, headers=NAMED, timeout=60) as answer:
            chunks = answer.iter_raw()
            first = next(chunks)
            server.process.send_signal(signal.SIGTERM)
            body = first + b"".join(chunks)
        assert body.endswith(b"data: [DONE]\n\n")
        assert server.stop() == 0
    with Server(tmp_path / "data") as server:
        assert outcome(server.url)["ending"] == "completed"


@pytest.mark.parametrize(("grace", "signals"), [("0", 1), ("600", 2)])
def test_open_stream_is_cut_after_the_grace_period_or_by_a_second_signal(
    tmp_path: Path, grace: str, signals: int
) -> None:
    with Server(tmp_path / "data", "--grace-s", grace, "--speed", "0.01") as server:
        with httpx2.stream("POST", server.url + CHAT, json=BODY, headers=NAMED, timeout=60) as answer:
            assert answer.status_code == 200
            for _ in range(signals):
                server.process.send_signal(signal.SIGTERM)
                server.wait_for_log("stopping")
            with pytest.raises(httpx2.HTTPError):
                answer.read()
        assert server.process.wait(timeout=30) == 0
    with Server(tmp_path / "data") as server:
        ended = outcome(server.url)
        assert ended["ending"] == "server_stopped"


def test_second_server_on_a_data_dir_is_refused(tmp_path: Path) -> None:
    with Server(tmp_path / "data") as server:
        second = llmsim("serve", "--port", "0", "--data-dir", tmp_path / "data")
        assert second.returncode == 3
        assert f"in use by process {server.process.pid}" in second.stderr
        assert second.stderr.count("\n") == 1


def test_taken_port_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = llmsim("serve", "--port", port, "--data-dir", tmp_path / "data")
    assert refused.returncode == 2
    assert f"127.0.0.1:{port}" in refused.stderr
    assert not (tmp_path / "data").exists()


def test_wrong_ordinal_and_wrong_seed_are_refused_with_the_way_out(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--seed", "5", "--ordinal", "1") as server:
        assert server.stop() == 0
    ordinal = llmsim("serve", "--port", "0", "--data-dir", tmp_path / "data", "--ordinal", "2")
    assert ordinal.returncode == 3
    assert "ordinal 1" in ordinal.stderr
    assert "ordinal 2" in ordinal.stderr
    assert "restore" in ordinal.stderr
    assert "--adopt" in ordinal.stderr
    seed = llmsim("serve", "--port", "0", "--data-dir", tmp_path / "data", "--ordinal", "1", "--seed", "6")
    assert seed.returncode == 3
    assert "root seed 5, not 6" in seed.stderr


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [("garbage", b"rubbish" * 4096, 3), ("short", b"x", 3), ("text", b"", 0)],
)
def test_corrupt_store_file_is_refused(tmp_path: Path, name: str, content: bytes, code: int) -> None:
    data = tmp_path / name
    data.mkdir()
    (data / "data.mdb").write_bytes(content)
    if code == 0:
        with Server(data) as server:
            assert server.stop() == 0
        return
    refused = llmsim("serve", "--port", "0", "--data-dir", data)
    assert refused.returncode == code
    assert str(data) in refused.stderr
    assert "Traceback" not in refused.stderr


def test_data_dir_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    refused = llmsim("serve", "--port", "0", "--data-dir", tmp_path / "data")
    assert refused.returncode == 2
    assert str(tmp_path / "data") in refused.stderr


def test_config_with_a_typo_names_file_key_and_the_nearest(tmp_path: Path) -> None:
    config = tmp_path / "llmsim.toml"
    config.write_text("prot = 8081\n")
    refused = llmsim("serve", "--config", config)
    assert refused.returncode == 2
    assert str(config) in refused.stderr
    assert "'prot'" in refused.stderr
    assert "'port'" in refused.stderr


def test_garbage_on_the_socket_is_answered_and_the_server_goes_on(tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--instant") as server:
        port = int(server.url.rpartition(":")[2])
        for garbage in (b"\x00\xff" * 50, b"GET\r\n\r\n", b"POST / HTTP/1.1\r\nContent-Length: -5\r\n\r\n"):
            with socket.create_connection(("127.0.0.1", port), timeout=60) as raw:
                raw.sendall(garbage)
                raw.shutdown(socket.SHUT_WR)
                raw.recv(1024)
        assert httpx2.post(server.url + CHAT, json=BODY).status_code == 200
        server.stop()
    assert not [line for line in server.log if "Traceback" in line or '"level":"error"' in line]


def test_websocket_upgrade_is_refused_without_a_traceback(tmp_path: Path) -> None:
    upgrade = (
        b"GET /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    with Server(tmp_path / "data", "--instant") as server:
        with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=60) as raw:
            raw.sendall(upgrade)
            assert raw.recv(1024).startswith(b"HTTP/1.1 403 ")
        server.stop()
    assert not [line for line in server.log if "Traceback" in line or '"level":"error"' in line]
