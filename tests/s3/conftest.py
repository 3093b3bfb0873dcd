"""An S3 server from a package, on loopback, with one bucket; each store that a test writes to is sound afterwards."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.sound import _sound_afterwards, pytest_configure

__all__ = ["_sound_afterwards", "pytest_configure"]

STARTUP_S = 60
SERVERS = ("-master.port={0}", "-volume.port={1}", "-filer.port={2}", "-s3.port={3}")


def free_ports(count: int) -> list[int]:
    """Ports that are free now, and those 10,000 above them, which the server takes for gRPC."""
    found: list[int] = []
    while len(found) < count:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
            port = one.getsockname()[1] % 20_000 + 20_000
        with socket.socket() as plain, socket.socket() as grpc:
            try:
                plain.bind(("127.0.0.1", port))
                grpc.bind(("127.0.0.1", port + 10_000))
            except OSError:
                continue
        found.append(port)
    return found


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the server."""
    weed = shutil.which("weed")
    assert weed, "weed is not installed: run `nox -s s3`"
    ports = free_ports(4)
    folder = tmp_path_factory.mktemp("weed")
    command = [weed, "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-s3", "-volume.max=0"]
    command += [flag.format(*ports) for flag in SERVERS]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as server:
        try:
            url = f"http://127.0.0.1:{ports[3]}"
            begun = time.monotonic()
            while not made(f"{url}/backups"):
                assert server.poll() is None, (folder / "log").read_text()
                assert time.monotonic() - begun < STARTUP_S, (folder / "log").read_text()
                time.sleep(0.1)  # nothing tells when another program is ready
            yield url
        finally:
            server.kill()


def made(bucket: str) -> bool:
    """Whether the bucket could be made, and an object put into it: only then all of the server is there."""
    try:
        with httpx2.Client(trust_env=False) as http:
            http.put(bucket)
            return http.put(f"{bucket}/ready", content=b"yes").status_code == 200
    except httpx2.HTTPError:
        return False


@pytest.fixture
def place(endpoint: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A place of the test's own in the bucket; the credentials are where S3's own tools look for them."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    assert "LLMSIM_DATA_DIR" not in os.environ
    return f"s3://backups/{Path(request.node.name).name}"
