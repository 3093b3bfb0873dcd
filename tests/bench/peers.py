"""Other stand-ins for LLM APIs, installed once into a folder: aimock (npm) and fakellm (PyPI), at fixed versions.

Neither comes into this environment: fakellm pins versions of what we use ourselves. Where one cannot be had, it is said
why; it is never left out in silence.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import attrs

AIMOCK = "1.43.0"
FAKELLM = "0.3.5"
INSTALL_S = 300


@attrs.frozen
class Absent:
    """A peer that cannot be measured here, and why."""

    why: str


def aimock(folder: Path) -> Path | Absent:
    """The command line of aimock's server, as a script for node."""
    script = folder / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
    if shutil.which("node") is None or shutil.which("npm") is None:
        return Absent("npm is not here")
    if script.is_file():
        return script
    folder.mkdir(parents=True, exist_ok=True)
    where = ["--prefix", str(folder), "--no-audit", "--no-fund", "--ignore-scripts"]
    return run(["npm", "install", *where, f"@copilotkit/aimock@{AIMOCK}"]) or script


def fakellm(folder: Path) -> Path | Absent:
    """The Python of an environment that has fakellm."""
    home = folder / "fakellm"
    python = home / "bin" / "python"
    if (home / "bin" / "fakellm").is_file():
        return python
    packages = [f"fakellm=={FAKELLM}"]
    return (
        run([sys.executable, "-m", "virtualenv", "--quiet", str(home)])
        or run([str(python), "-m", "pip", "install", "--quiet", *packages])
        or python
    )


def run(command: list[str]) -> Absent | None:
    """None where the command went well."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return Absent(f"{command[0]} failed: {error}")
    if done.returncode:
        return Absent(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}")
    return None
