"""`helm test` holds a conversation of two turns: what the hook runs is run here, against a real server."""

from pathlib import Path

import orjson
import pytest

from tests.children import Server, llmsim
from tests.deploy.chart.charts import CHART, Manifest
from tests.deploy.chart.conftest import Render

UNFIT = """
summary = "A service that forgets names"
model = "gpt-4o-mini"
[[session]]
id = "helm-test"
turn = [{ user = "Hello, my name is Ada.", reply = "Hello, Ada." }, { user = "What is my name?", reply = "No idea." }]
"""


@pytest.fixture
def hook(chart: Render) -> Manifest:
    return chart().one("Pod", "-test")


def arguments(hook: Manifest, chart: Render, folder: Path, url: str) -> list[str]:
    """The arguments of the hook's container, with the server's URL, and the ConfigMap's file where it is mounted."""
    [container] = hook["spec"]["containers"]
    [mount] = [one["mountPath"] for one in container["volumeMounts"] if one["name"] == "scripts"]
    for name, text in chart().one("ConfigMap", "-scripts")["data"].items():
        (folder / name).write_text(text)
    named = [one.replace(f"{mount}/", f"{folder}/") for one in container["args"]]
    return [url if one == "http://llm-simulator:8080" else one for one in named]


def test_hook_runs_when_asked_and_stays_until_the_next_one(hook: Manifest) -> None:
    """Where a hook goes when it succeeds, `helm test --logs` may find no pod to read."""
    annotations = hook["metadata"]["annotations"]
    assert annotations["helm.sh/hook"] == "test"
    assert annotations["helm.sh/hook-delete-policy"] == "before-hook-creation"
    assert hook["spec"]["restartPolicy"] == "Never"


def test_hook_asks_the_service(hook: Manifest, chart: Render) -> None:
    service = chart().one("Service", "")
    url = f"http://{service['metadata']['name']}:{service['spec']['ports'][0]['port']}"
    assert url in hook["spec"]["containers"][0]["args"]
    other = chart("extras").one("Pod", "-test")["spec"]["containers"][0]["args"]
    assert "http://llm-simulator.example.com" in other


def test_hook_holds_two_turns_with_a_server_that_remembers(hook: Manifest, chart: Render, tmp_path: Path) -> None:
    with Server(tmp_path / "data", "--instant") as server:
        for _ in ("after the installation", "after an upgrade"):
            told = llmsim(*arguments(hook, chart, tmp_path, server.url), "--json")
            assert (told.returncode, told.stderr) == (0, "")
            played = orjson.loads(told.stdout)
            assert (played["sessions"], played["turns"], played["unmet"]) == (1, 2, [])


def test_hook_fails_where_the_server_does_not_remember(hook: Manifest, chart: Render, tmp_path: Path) -> None:
    (tmp_path / "unfit.toml").write_text(UNFIT)
    with Server(tmp_path / "data", "--instant", "--script", str(tmp_path / "unfit.toml")) as server:
        told = llmsim(*arguments(hook, chart, tmp_path, server.url))
    assert told.returncode == 1
    assert "session helm-test, turn 2" in told.stdout


def test_hook_fails_where_nobody_answers(hook: Manifest, chart: Render, tmp_path: Path) -> None:
    told = llmsim(*arguments(hook, chart, tmp_path, "http://127.0.0.1:9"))
    assert told.returncode != 0
    assert "Traceback" not in told.stderr


def test_files_are_all_in_the_config_map(chart: Render) -> None:
    files = {file.name: file.read_text() for file in (CHART / "files").iterdir()}
    assert chart().one("ConfigMap", "-scripts")["data"] == files
