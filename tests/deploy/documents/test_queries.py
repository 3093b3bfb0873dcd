"""Queries in the documents: Prometheus can read each of them."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.test_links import DOCUMENTS, INLINE, ROOT

BLOCK = re.compile(r"^```promql\n(.*?)^```", re.MULTILINE | re.DOTALL)
WHOLE = re.compile(r"^(?:[a-z_]+ ?(?:by \([^)]*\) ?)?\(.*\)|[a-z_]+:?llm_simulator_\S+)(?: [<>] [\d.]+)?$")
"""Inline code that is a query: a call, perhaps compared with a number."""


def queries() -> dict[str, str]:
    """Every query by where it stands; a line that begins with a space goes on with the one before it."""
    found = {}
    for document in DOCUMENTS:
        text = document.read_text()
        asked = [query for block in BLOCK.findall(text) for query in re.split(r"\n(?! )", block.strip())]
        asked += [code for code in INLINE.findall(text) if WHOLE.match(code) and ("rate(" in code or "_over_" in code)]
        for query in asked:
            found[f"{document.relative_to(ROOT).as_posix()}: {' '.join(query.split())}"] = query
    return found


def test_queries_were_found() -> None:
    assert len(queries()) >= 25


@pytest.mark.parametrize("where", queries())
def test_prometheus_can_read_it(where: str, promtool: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rule = {"record": "documented", "expr": queries()[where]}
    rules.write_text(yaml.safe_dump({"groups": [{"name": "documents", "rules": [rule]}]}))
    done = subprocess.run([promtool, "check", "rules", rules], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
