"""compose.yaml as Compose itself reads it: what it starts, what it lets out, and that the files it mounts are there.

No engine is asked; the real start is tested by the nox session `compose`.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from llmsim import __version__
from tests.tables import ROOT

COMPOSE = Path(sys.executable).with_name("docker-compose")
ALWAYS = {"llm-simulator", "load-balancer", "prometheus", "grafana"}
OBSERVABILITY = {"otel-collector", "jaeger"}
WITHOUT_A_PROBE = OBSERVABILITY
"""Images that have no program to ask for health with."""
PINNED = re.compile(r"[a-z0-9./-]+:v?\d+\.\d+[\w.-]*")


def read(*options: str) -> subprocess.CompletedProcess[str]:
    """What Compose makes of the file, where no variable of this environment reaches it."""
    environ = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    command = [str(COMPOSE), f"--file={ROOT / 'compose.yaml'}", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environ)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    told = read("--profile", "observability", "config", "--format", "json")
    found: dict[str, Any] = orjson.loads(told.stdout)["services"]
    return found


@pytest.mark.parametrize(("options", "started"), [((), ALWAYS), (("--profile=observability",), ALWAYS | OBSERVABILITY)])
def test_compose_takes_the_file_without_a_warning(options: tuple[str, ...], started: set[str]) -> None:
    checked = read(*options, "config", "--quiet")
    assert (checked.returncode, checked.stderr) == (0, "")
    assert set(read(*options, "config", "--services").stdout.split()) == started


def test_service_is_confined(services: dict[str, Any]) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert PINNED.fullmatch(service["image"]), name
        assert "privileged" not in service, name
        assert ("healthcheck" in service) != (name in WITHOUT_A_PROBE), name


def test_only_loopback_reaches_what_is_published(services: dict[str, Any]) -> None:
    published = {
        name: [(port["host_ip"], port["target"]) for port in services[name].get("ports", ())] for name in services
    }
    assert published == {
        "llm-simulator": [],
        "load-balancer": [("127.0.0.1", 8080)],
        "prometheus": [("127.0.0.1", 9090)],
        "grafana": [("127.0.0.1", 3000)],
        "otel-collector": [("127.0.0.1", 4317), ("127.0.0.1", 4318)],
        "jaeger": [("127.0.0.1", 16686)],
    }


def test_replicas_can_be_many_and_each_has_a_store_of_its_own(services: dict[str, Any]) -> None:
    replica = services["llm-simulator"]
    assert replica["image"] == f"ghcr.io/llm-devops/llm-simulator:{__version__}"
    assert "container_name" not in replica
    [volume] = replica["volumes"]
    assert (volume["type"], volume["target"]) == ("volume", "/var/lib/llmsim")
    assert "source" not in volume
    assert replica["environment"] == {"LLMSIM_ORDINAL": "0", "LLMSIM_SEED": "1"}


def test_what_is_mounted_is_there_and_is_read_only(services: dict[str, Any]) -> None:
    binds = [volume for one in services.values() for volume in one.get("volumes", ()) if volume["type"] == "bind"]
    assert {Path(volume["source"]).relative_to(ROOT).as_posix() for volume in binds} == {
        "charts/llm-simulator/rules",
        "charts/llm-simulator/dashboards",
    }
    assert all(volume["read_only"] and Path(volume["source"]).is_dir() for volume in binds)
    configs = yaml.safe_load((ROOT / "compose.yaml").read_text())["configs"]
    assert {ROOT / config["file"] for config in configs.values()} == set((ROOT / ".compose").iterdir())


def test_grafana_finds_its_source_and_dashboards(services: dict[str, Any]) -> None:
    [source] = yaml.safe_load((ROOT / ".compose" / "grafana-datasources.yaml").read_text())["datasources"]
    assert (source["type"], source["url"], source["isDefault"]) == ("prometheus", "http://prometheus:9090", True)
    [provider] = yaml.safe_load((ROOT / ".compose" / "grafana-dashboards.yaml").read_text())["providers"]
    mounted = {volume["target"] for volume in services["grafana"]["volumes"]}
    assert provider["options"]["path"] in mounted
    home = Path(services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert home.parent.as_posix() == provider["options"]["path"]
    assert (ROOT / "charts" / "llm-simulator" / "dashboards" / home.name).is_file()


def test_prometheus_takes_its_configuration(promtool: Path) -> None:
    config = ROOT / ".compose" / "prometheus.yaml"
    checked = subprocess.run([promtool, "check", "config", config], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_collector_uses_no_part_that_it_does_not_define() -> None:
    """There is no collector to ask; a pipeline that names what is not there is its most common fault."""
    config = yaml.safe_load((ROOT / ".compose" / "otel-collector.yaml").read_text())
    for pipeline in config["service"]["pipelines"].values():
        for kind in ("receivers", "processors", "exporters"):
            assert set(pipeline[kind]) <= set(config[kind])
