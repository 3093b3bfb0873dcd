"""The unit tests of the alerts are sharp: a limit, window or distinction that is off by little fails one of them."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy import tools
from tests.deploy.rules import promql

LIMITS = (
    ("ratio_rate5m > 0.01", "ratio_rate5m > 0.013"),
    ("ratio_rate10m > 0.005", "ratio_rate10m > 0.003"),
    ("p99_rate5m > 3", "p99_rate5m > 2.8"),
    ("p95_rate10m > 2", "p95_rate10m > 1.5"),
    ("route!~", "route=~"),
    ('errors_total{cause="server"}', "errors_total"),
    ("current_healthy{", "desired_healthy{"),
    ("> 0.95", "> 0.94"),
    ("and on (node) kube_pod_info", "and on () kube_pod_info"),
    ("}) > 0", "}) >= 0"),
    ("offset 1h", "offset 1m"),
    ("container_memory_rss", "container_memory_working_set_bytes"),
    ('resource="cpu"})', 'resource="cpu"}) * 0.9'),
    ("2 * (llm_simulator_snapshot_interval_seconds > 0)", "2 * llm_simulator_snapshot_interval_seconds"),
    ("and (llm_simulator_snapshot_interval_seconds > 0)", ""),
    ("archive_lag_seconds) > 60", "archive_lag_seconds) >= 60"),
    ("volume_free:ratio < 0.1", "volume_free:ratio <= 0.1"),
    ("p99_rate5m > 0.05", "p99_rate5m >= 0.04"),
    ("for: 15m", "for: 14m"),
    ("for: 10m", "for: 9m"),
    ("for: 5m", "for: 4m"),
    ("for: 3m", "for: 2m"),
)
"""What the rules say, and what they would say with a limit that is off, or a distinction that is not made."""


@pytest.mark.parametrize(("said", "wrong"), LIMITS)
def test_a_rule_that_is_off_by_little_is_found(tmp_path: Path, said: str, wrong: str) -> None:
    """Each place where it stands, one after the other, is spoilt in a copy of rules and tests."""
    promtool = tools.promtool()
    text = promql.RULES.read_text()
    places = [match.start() for match in re.finditer(re.escape(said), text)]
    assert places
    for file in promql.UNIT_TESTS:
        shutil.copy(file, tmp_path)
        copied = tmp_path / file.name
        copied.write_text(copied.read_text().replace("../../../charts/llm-simulator/rules/", ""))
    for place in places:
        (tmp_path / "alerts.yaml").write_text(text[:place] + wrong + text[place + len(said) :])
        tested = subprocess.run(
            [promtool, "test", "rules", *sorted(tmp_path.glob("[!a]*.yaml"))], capture_output=True, check=False
        )
        assert tested.returncode == 1, f"no test misses {said!r} at line {text[:place].count(chr(10)) + 1}"
