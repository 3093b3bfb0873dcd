"""`python -m tests.deploy.chart.checkov_run`: checkov on every rendered variant; what it finds is waived with a reason.

Prints what passed, and each waiver with how often it was needed. Exit code 1 where something is found that no waiver of
checkov.toml covers, or where a waiver covers nothing. Needs checkov and no pytest, which cannot be installed together.
"""

import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import orjson
import tomli

from tests.deploy import tools
from tests.deploy.chart.charts import CHART, VARIANTS, template

WAIVERS = Path(__file__).with_name("checkov.toml")
ENDING = "-values.yaml"


@attrs.frozen
class Finding:
    """What checkov found: the check, what it says, the variant, and the kind and name of the object."""

    check: str
    says: str
    variant: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.check} {self.variant}: {self.kind} {self.name}: {self.says}"


@attrs.frozen
class Waiver:
    """Why findings of one check are right as they are; without variants it is for all of them."""

    check: str
    kinds: tuple[str, ...]
    reason: str
    variants: tuple[str, ...] = ()

    def covers(self, found: Finding) -> bool:
        """Whether this finding is meant."""
        right_variant = not self.variants or found.variant in self.variants
        return found.check == self.check and found.kind in self.kinds and right_variant


def waivers(text: str) -> list[Waiver]:
    """The waivers of checkov.toml; raises SystemExit for one that does not say why, or names a variant that is not."""
    found = []
    known = {file.name.removesuffix(ENDING) for file in VARIANTS}
    for one in tomli.loads(text)["waiver"]:
        waiver = Waiver(one["check"], tuple(one["kinds"]), one.get("reason", ""), tuple(one.get("variants", ())))
        if not waiver.reason.strip():
            raise SystemExit(f"{WAIVERS.name}: {waiver.check} is waived without a reason")
        unknown = set(waiver.variants) - known
        if unknown:
            raise SystemExit(f"{WAIVERS.name}: {waiver.check} names variants that are not there: {sorted(unknown)}")
        found.append(waiver)
    return found


def findings(report: dict[str, Any]) -> list[Finding]:
    """What failed, by checkov's own report; a resource is KIND.NAMESPACE.NAME."""
    found = []
    for one in report["results"]["failed_checks"]:
        kind, _, rest = one["resource"].partition(".")
        variant = Path(one["file_path"]).name.removesuffix(ENDING)
        found.append(Finding(one["check_id"], one["check_name"], variant, kind, rest.partition(".")[2]))
    return found


def judged(found: Iterable[Finding], given: list[Waiver]) -> tuple[list[Finding], Counter[Waiver]]:
    """The findings that no waiver covers, and how many each waiver covers."""
    uncovered, used = [], Counter(dict.fromkeys(given, 0))
    for one in found:
        covering = [waiver for waiver in given if waiver.covers(one)]
        used.update(covering)
        if not covering:
            uncovered.append(one)
    return uncovered, used


def reported(folder: Path) -> dict[str, Any]:
    """Checkov's report on the manifests in a folder; raises SystemExit where it has none."""
    command = [str(Path(sys.executable).with_name("checkov")), "--directory", str(folder), "--framework", "kubernetes"]
    done = subprocess.run(
        [*command, "--skip-download", "--compact", "--quiet", "--output", "json"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, Any] = orjson.loads(done.stdout)
    except orjson.JSONDecodeError:
        raise SystemExit(f"checkov made no report: {done.stderr or done.stdout}") from None
    if report["summary"]["parsing_errors"] or not report["summary"]["passed"]:
        raise SystemExit(f"checkov could not read everything: {report['summary']}")
    return report


def main() -> None:
    """Render, ask, judge, tell."""
    given = waivers(WAIVERS.read_text())
    with tempfile.TemporaryDirectory() as made:
        for variant in VARIANTS:
            Path(made, variant.name).write_text(template(tools.helm(4), variant))
        report = reported(Path(made))
    uncovered, used = judged(findings(report), given)
    idle = [waiver.check for waiver, times in used.items() if not times]
    lines = [f"{CHART.name}: {len(VARIANTS)} variants, {report['summary']['resource_count']} resources"]
    lines += [f"passed {report['summary']['passed']}, waived {report['summary']['failed'] - len(uncovered)}"]
    lines += [f"  {one.check} {times:3} times: {' '.join(one.reason.split())}" for one, times in used.items()]
    lines += [f"failed: {one}" for one in uncovered]
    lines += [f"waived for nothing: {check}" for check in idle]
    print("\n".join(lines))  # noqa: T201  (what it is run for)
    if uncovered or idle:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
