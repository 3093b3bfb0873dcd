"""What the chart writes for llmsim, read by llmsim itself: no setting is misspelt, forgotten or of the wrong kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from llmsim.catalog import profiles_dir
from llmsim.profile import Profiles
from llmsim.replay.script import found, load_scripts
from llmsim.settings import SETTINGS, Settings, resolve
from tests.deploy.chart.charts import CHART, VARIANTS, Manifest, Objects, containers, pods, rendered
from tests.deploy.chart.conftest import Render

CHARTS_OWN = {"host", "port", "data_dir", "seed", "ordinal", "profiles", "scripts", "key_file"}
"""Settings that follow from other values, are secret, or differ from pod to pod."""
IN_POD = {"LLMSIM_ORDINAL": "0", "LLMSIM_SEED": "7"}
"""What the cluster puts where the manifest refers to a label or a Secret."""


def environments(one: Objects) -> Iterator[dict[str, str]]:
    """The environment of each container that runs llmsim with a store."""
    for container in containers(one.pod):
        if "env" in container:
            yield {each["name"]: each.get("value", IN_POD.get(each["name"], "")) for each in container["env"]}


def as_in_pod(one: Objects, environ: dict[str, str], folder: Path) -> Settings:
    """The settings that llmsim finds in this environment, with the file from the ConfigMap."""
    mounted = {each["mountPath"] for each in one.server["volumeMounts"]}
    assert str(Path(environ["LLMSIM_CONFIG"]).parent) in mounted
    file = folder / Path(environ["LLMSIM_CONFIG"]).name
    file.write_text(one.settings)
    return resolve({}, environ | {"LLMSIM_CONFIG": str(file)})


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))
def test_llmsim_accepts_every_setting(variant: Path, helm4: Path, tmp_path: Path) -> None:
    one = rendered(helm4, variant)
    mounted = {each["mountPath"] for each in one.server["volumeMounts"]}
    for environ in environments(one):
        settings = as_in_pod(one, environ, tmp_path)
        assert settings.data_dir == Path("/var/lib/llmsim")
        assert settings.port == one.server["ports"][0]["containerPort"]
        assert settings.host in {"0.0.0.0", "::"}  # noqa: S104  (what a pod listens on)
        own = [*settings.profiles, *(each.parent for each in settings.scripts if each.is_absolute())]
        own += [settings.key_file.parent] if settings.key_file else []
        assert {str(folder) for folder in own} <= mounted


def test_values_have_every_setting_that_the_chart_does_not_write_itself() -> None:
    schema = orjson.loads((CHART / "values.schema.json").read_bytes())
    written = schema["properties"]["settings"]["properties"]
    assert written.keys() == SETTINGS.keys() - CHARTS_OWN
    assert yaml.safe_load((CHART / "values.yaml").read_text())["settings"].keys() == written.keys()


VALUES: dict[str, tuple[Any, Any]] = {
    "epoch": ("2026-01-01T00:00:00Z", 1_767_225_600),
    "speed": (2.5, 2.5),
    "strict_models": (True, True),
    "lenient": (True, True),
    "responses_done": (True, True),
    "log_level": ("warning", "warning"),
    "grace_s": (12.5, 12.5),
    "archive_to": ("s3://bucket/a&<b>", "s3://bucket/a&<b>"),
    "archive_every": ("500ms", 0.5),
    "archive_lag_max": ("1h30m", 5400.0),
    "snapshot_to": ("file:///backups", "file:///backups"),
    "snapshot_every": ("15m", 900.0),
}


@pytest.mark.parametrize("key", VALUES)
def test_setting_reaches_llmsim_as_it_was_meant(key: str, chart: Render, tmp_path: Path) -> None:
    said, meant = VALUES[key]
    base = {"snapshot_to": "/backups"} if key == "snapshot_every" else {}
    one = chart({"settings": {**base, key: said}})
    [environ, *_] = environments(one)
    assert getattr(as_in_pod(one, environ, tmp_path), key) == meant


def test_instant_reaches_llmsim(chart: Render, tmp_path: Path) -> None:
    one = chart("development")
    [environ, *_] = environments(one)
    settings = as_in_pod(one, environ, tmp_path)
    assert (settings.instant, settings.epoch) == (True, 1_767_225_600)


def test_large_number_stays_whole(chart: Render, tmp_path: Path) -> None:
    """Helm has numbers as floating ones, and would write 1.7672256e+09."""
    one = chart("staging")
    assert "epoch = 1767225600\n" in one.settings
    [environ, *_] = environments(one)
    assert as_in_pod(one, environ, tmp_path).epoch == 1_767_225_600


def test_what_is_not_said_is_left_to_llmsim(chart: Render) -> None:
    assert chart().settings == 'port = 8080\ngrace_s = 25\nlog_level = "info"\n'


def test_seed_comes_from_a_secret_alone(chart: Render) -> None:
    one = chart("deployment")
    [seed] = [each for each in one.server["env"] if each["name"] == "LLMSIM_SEED"]
    assert seed["valueFrom"] == {"secretKeyRef": {"name": "llm-simulator-seed", "key": "seed"}}
    assert "seed" not in one.settings
    assert "LLMSIM_SEED" not in {each["name"] for each in chart().server["env"]}


def test_keys_come_from_a_secret_that_others_cannot_read(chart: Render) -> None:
    one = chart("snapshots")
    [keys] = [each["secret"] for each in one.pod["volumes"] if each["name"] == "keys"]
    assert keys == {
        "secretName": "llm-simulator-age",
        "defaultMode": 0o440,
        "items": [{"key": "keys.txt", "path": "keys.txt"}],
    }
    assert 'key_file = "/etc/llmsim/keys/keys.txt"\n' in one.settings


def test_credentials_come_from_a_secret_and_the_rest_from_values(chart: Render) -> None:
    server = chart("snapshots").server
    assert server["envFrom"] == [{"secretRef": {"name": "llm-simulator-s3"}}]
    assert {"name": "AWS_ENDPOINT_URL", "value": "https://s3.example.com"} in server["env"]


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda file: file.name.removesuffix("-values.yaml"))
def test_chart_makes_no_secret(variant: Path, helm4: Path) -> None:
    one = rendered(helm4, variant)
    assert one.kind("Secret") == []
    used = {each["name"] for _, pod in pods(one) for container in containers(pod) for each in container.get("env", [])}
    assert not any(part in name for name in used for part in ("PASSWORD", "TOKEN", "ACCESS_KEY", "ACCOUNT_KEY"))


def test_profiles_and_scripts_of_ones_own_are_read(chart: Render, tmp_path: Path) -> None:
    one = chart("profiles")
    for what in ("profiles", "sessions"):
        (tmp_path / what).mkdir()
        for name, text in one.one("ConfigMap", f"-{what}")["data"].items():
            (tmp_path / what / name).write_text(text)
    assert "slow-model" in Profiles.load((tmp_path / "profiles",), profiles_dir()).by_name
    [environ, *_] = environments(one)
    scripts = as_in_pod(one, environ, tmp_path).scripts
    assert [str(each) for each in scripts] == ["support-bot", "/etc/llmsim/sessions/hello.toml"]
    [mine] = load_scripts([tmp_path / "sessions" / "hello.toml"])
    assert mine.summary == "A greeting with a scripted reply"
    assert found(str(scripts[0])).is_file()


def test_profiles_of_someone_else_are_mounted(chart: Render) -> None:
    one = chart("extras")
    [volume] = [each for each in one.pod["volumes"] if each["name"] == "profiles"]
    assert volume["configMap"] == {"name": "company-profiles"}
    assert 'profiles = ["/etc/llmsim/profiles"]\n' in one.settings
    assert [each["metadata"]["name"] for each in one.kind("ConfigMap") if "profiles" in each["metadata"]["name"]] == []


def test_service_account_gives_no_token(chart: Render) -> None:
    for name in ("default", "everything-off", "aws"):
        one = chart(name)
        assert one.pod["automountServiceAccountToken"] is False
        for account in one.kind("ServiceAccount"):
            assert account["automountServiceAccountToken"] is False
    assert chart("everything-off").pod["serviceAccountName"] == "default"
    named: Manifest = chart({"serviceAccount": {"name": "mine"}}).one("ServiceAccount", None)
    assert named["metadata"]["name"] == chart({"serviceAccount": {"name": "mine"}}).pod["serviceAccountName"] == "mine"
