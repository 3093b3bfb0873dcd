"""nginx and HAProxy, told to choose a pod by a hash of X-LLMSim-Session, as the Ingress recipes tell theirs.

Both listen on a socket in a folder of the test, and end with the block.
"""

import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.deploy.pods.engine import until

NGINX = """
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{}}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  upstream pods {{
    hash $http_x_llmsim_session consistent;
{servers}
  }}
  server {{
    listen unix:{folder}/socket;
    location / {{
      proxy_pass http://pods;
      proxy_http_version 1.1;
      proxy_buffering off;
    }}
  }}
}}
"""
HAPROXY = """
defaults
  mode http
  timeout connect 5s
  timeout client 1m
  timeout server 1m
  option redispatch
frontend clients
  bind unix@{folder}/socket
  default_backend pods
backend pods
  balance hdr(X-LLMSim-Session)
  hash-type consistent
{servers}
"""


def nginx(folder: Path, pods: Sequence[str]) -> list[str | Path]:
    """Write its configuration, with these addresses of pods; the command."""
    servers = "\n".join(f"    server {pod};" for pod in pods)
    (folder / "conf").write_text(NGINX.format(folder=folder, servers=servers))
    return ["nginx", "-c", folder / "conf", "-p", folder, "-e", "stderr"]


def haproxy(folder: Path, pods: Sequence[str]) -> list[str | Path]:
    """As `nginx`."""
    servers = "\n".join(f"  server pod-{index} {pod}" for index, pod in enumerate(pods))
    (folder / "conf").write_text(HAPROXY.format(folder=folder, servers=servers))
    return ["haproxy", "-f", folder / "conf"]


URL = "http://balancer"
BALANCERS: dict[str, Callable[[Path, Sequence[str]], list[str | Path]]] = {"nginx": nginx, "haproxy": haproxy}


@contextmanager
def balanced(name: str, folder: Path, pods: Sequence[str]) -> Iterator[httpx2.Client]:
    """A client of the balancer before these pods (HOST:PORT) while the block runs."""
    command = BALANCERS[name](folder, pods)
    path = shutil.which(str(command[0]), path="/usr/sbin:/usr/bin")
    assert path, name
    with (folder / "log").open("wb") as log, subprocess.Popen([path, *command[1:]], stdout=log, stderr=log) as process:
        try:
            with httpx2.Client(
                transport=httpx2.HTTPTransport(uds=str(folder / "socket")), base_url=URL, timeout=60
            ) as client:
                until(f"{name} listens", listens, folder / "socket", process)
                assert process.poll() is None, (folder / "log").read_text()
                yield client
        finally:
            process.terminate()


def listens(at: Path, process: subprocess.Popen[bytes]) -> bool:
    """Whether something listens on this socket, or never will, as the process has ended."""
    with socket.socket(socket.AF_UNIX) as connection:
        return process.poll() is not None or connection.connect_ex(str(at)) == 0
