"""A recorded kubectl: it notes each command that it is given, and answers in kubectl's words about one pod.

The pod is a real server on a data directory, started and killed as a cluster would: deleted by force it is killed, and
another with another uid takes its place, on the same claim or, if that was deleted before, on an empty one. Runs as a
program of its own: `kubectl.py FOLDER ARGUMENT...`; FOLDER holds `commands`, `data`, and what is remembered in between.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import orjson

FOLDER = Path(sys.argv[1])
PYTHON = [sys.executable, "-m", "llmsim"]


def remembered(name: str) -> str:
    return (FOLDER / name).read_text()


def start() -> None:
    uid = int(remembered("uid") if (FOLDER / "uid").exists() else "0") + 1
    (FOLDER / "uid").write_text(str(uid))
    command = [*PYTHON, "serve", "--port", "0", "--data-dir", str(FOLDER / "data"), "--seed", "7", "--speed", "20"]
    with (FOLDER / f"log-{uid}").open("wb") as log:
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    (FOLDER / "pid").write_text(str(server.pid))
    for line in server.stdout or ():
        if listening := re.search(r"127\.0\.0\.1:(\d+)/v1", line):
            (FOLDER / "port").write_text(listening[1])
            return
    sys.exit((FOLDER / f"log-{uid}").read_text())


def stop() -> None:
    os.kill(int(remembered("pid")), signal.SIGKILL)


def pod() -> dict[str, object]:
    mounts = [{"name": "tmp", "mountPath": "/tmp"}, {"name": "data", "mountPath": str(FOLDER / "data")}]  # noqa: S108
    container = {"name": "llmsim", "ports": [{"name": "http", "containerPort": 8080}], "volumeMounts": mounts}
    claim = {"claimName": "data-llm-simulator-0"}
    volumes = [{"name": "tmp", "emptyDir": {}}, {"name": "data", "persistentVolumeClaim": claim}]
    return {
        "metadata": {"name": "llm-simulator-0", "uid": remembered("uid")},
        "spec": {"containers": [container], "volumes": volumes},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]},
    }


def main(namespace: str, verb: str, *arguments: str) -> int:
    with (FOLDER / "commands").open("a") as file:
        file.write(" ".join((namespace, verb, *arguments)).replace(str(FOLDER), "FOLDER") + "\n")
    if (FOLDER / "unreachable").exists():
        sys.stderr.write("The connection to the server was refused - did you specify the right host or port?\n")
        return 1
    if verb == "delete" and (FOLDER / "forbidden").exists():
        sys.stderr.write(f"Error from server (Forbidden): {arguments[0]}s is forbidden\n")
        return 1
    if verb == "start":
        start()
    elif verb == "get":
        sys.stdout.write(orjson.dumps(pod()).decode() if (FOLDER / "uid").exists() else "")
    elif verb == "port-forward":
        sys.stdout.write(f"Forwarding from 127.0.0.1:{remembered('port')} -> 8080\n")
        sys.stdout.flush()
        signal.pause()
    elif verb == "delete" and arguments[0] == "pvc":
        (FOLDER / "destroyed").touch()
    elif verb == "delete":
        stop()
        if (FOLDER / "destroyed").exists():
            shutil.rmtree(FOLDER / "data")
        start()
    else:
        inside = arguments[arguments.index("--") + 2 :]
        return subprocess.run([*PYTHON, *inside], check=False).returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[2:]))
