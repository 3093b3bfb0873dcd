"""The software bill of materials of what the image runs: `python -m tests.deploy.sbom` writes dist/llmsim.cdx.json.

An environment of its own gets the pinned requirements of the image and the project, and nothing else; cyclonedx-py says
what is in it. The document is checked by the schema of CycloneDX, and its components by what uv finds there.
"""

import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from uv import find_uv_bin

ROOT = Path(__file__).parents[2]
PINNED = ROOT / ".container" / "requirements.txt"
WRITTEN = ROOT / "dist" / "llmsim.cdx.json"
SCHEMA = SchemaVersion.V1_6
LIMIT_S = 600


def said(*command: str | Path) -> bytes:
    """What a command prints; raises SystemExit with its complaint."""
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False, timeout=LIMIT_S)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}: exit code {done.returncode}")
    return done.stdout


def installed(folder: Path) -> Path:
    """The Python of an environment with what the image runs, and nothing else."""
    uv, python = find_uv_bin(), folder / "bin" / "python"
    said(uv, "venv", "--quiet", "--python", sys.executable, folder)
    install = (uv, "pip", "install", "--quiet", "--python", python)
    said(*install, "--require-hashes", "--requirement", PINNED)
    said(*install, "--no-deps", "--refresh-package=llmsim", ROOT)
    said(uv, "pip", "check", "--quiet", "--python", python)
    return python


def document(python: Path) -> bytes:
    """The bill of what this Python can import, with the project as its subject."""
    tool = (sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible", f"--sv={SCHEMA.to_version()}")
    return said(*tool, "--pyproject", ROOT / "pyproject.toml", "--mc-type=application", "--of=JSON", python)


def normal(name: str) -> str:
    """A package's name as an index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def faults(bill: bytes, present: dict[str, str]) -> list[str]:
    """What is wrong with a bill, given the versions of what is installed by name."""
    fault = JsonStrictValidator(SCHEMA).validate_str(bill.decode())
    if fault is not None:
        return [f"not CycloneDX {SCHEMA.to_version()}: {fault}"]
    components = {normal(one["name"]): one.get("version") for one in orjson.loads(bill)["components"]}
    return [
        f"{name}: the bill says {components.get(name)}, installed is {present.get(name)}"
        for name in sorted(components.keys() | present.keys())
        if components.get(name) != present.get(name)
    ]


def main() -> None:
    """Write the bill; raises SystemExit with all that is wrong with it."""
    with TemporaryDirectory() as made:
        python = installed(Path(made, "environment"))
        bill = document(python)
        listed = orjson.loads(said(find_uv_bin(), "pip", "list", "--python", python, "--format=json"))
    present = {normal(one["name"]): one["version"] for one in listed if one["name"] != "llmsim"}
    wrong = faults(bill, present)
    if wrong:
        raise SystemExit("\n".join(wrong))
    WRITTEN.parent.mkdir(exist_ok=True)
    WRITTEN.write_bytes(bill)
    print(f"{WRITTEN.relative_to(ROOT)}: {len(present)} components")  # noqa: T201  (what it is run for)


if __name__ == "__main__":
    main()
