"""Known vulnerabilities of what the image runs, by pip-audit: `python -m tests.deploy.audit`.

pip-audit calls a package sound that its service did not answer for: with a service that knows nothing, all are. Here
every pinned package must have been answered for, else the audit fails and says so. Arguments go to pip-audit, for
instance `--vulnerability-service osv`.
"""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson

PINNED = Path(__file__).parents[2] / ".container" / "requirements.txt"
LIMIT_S = 600


def verdict(report: Sequence[dict[str, Any]], pinned: int) -> list[str]:
    """What speaks against passing, a line each: vulnerabilities, and packages that nobody answered for."""
    unanswered = [one for one in report if "skip_reason" in one]
    found = [
        f"{one['name']} {one['version']}: {fault['id']}, fixed in {', '.join(fault['fix_versions']) or 'none yet'}"
        for one in report
        for fault in one.get("vulns", ())
    ]
    if unanswered:
        reason = unanswered[0]["skip_reason"]
        found.append(f"the service of vulnerabilities did not answer for {len(unanswered)} of {pinned} ({reason})")
    if len(report) != pinned:
        found.append(f"{pinned} packages are pinned, and the report has {len(report)}")
    return found


def main(*arguments: str) -> None:
    """Audit; raises SystemExit with what was found, or with why nothing could be found."""
    pinned = sum(1 for line in PINNED.read_text().splitlines() if "==" in line)
    audit = [sys.executable, "-m", "pip_audit", "--requirement", str(PINNED), "--disable-pip", "--require-hashes"]
    done = subprocess.run(
        [*audit, "--format=json", "--progress-spinner=off", *arguments],
        capture_output=True, text=True, check=False, timeout=LIMIT_S,
    )  # fmt: skip
    try:
        report = orjson.loads(done.stdout)["dependencies"]
    except (orjson.JSONDecodeError, KeyError):
        reason = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), "no reason given")
        raise SystemExit(f"nothing was audited, pip-audit ended with {done.returncode}: {reason}") from None
    wrong = verdict(report, pinned)
    if wrong:
        raise SystemExit("\n".join(wrong))
    print(f"{pinned} packages, no known vulnerability")  # noqa: T201  (what it is run for)


if __name__ == "__main__":
    main(*sys.argv[1:])
