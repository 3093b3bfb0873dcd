"""One executable file with Python in it, by PyInstaller: `python tests/deploy/onefile.py FOLDER` makes FOLDER/llmsim.

A zipped application (PEX, shiv) would be smaller, but whoever gets it would need a Python of the right version. Run by
path, in an environment that has the project's wheel: not the checkout, which lacks the profiles and scripts in their
place. What was made must answer in an empty folder, without one variable in its environment.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import llmsim

ANSWERS = Path(__file__).with_name("answers.py")
SERVE = ("serve", "--port", "0", "--data-dir", "data", "--instant")
STARTS = 3
LIMIT_S = 600


def compiled_beside(package: Path) -> list[str]:
    """Modules that mypyc put at the top of site-packages, which no import statement names."""
    return [file.name.partition(".")[0] for file in package.parent.glob("*__mypyc.*")]


def build(folder: Path) -> Path:
    """Make the file; raises SystemExit where the project is no installed wheel, or CalledProcessError."""
    package = Path(llmsim.__file__).parent
    if not (package / "_data").is_dir():
        raise SystemExit(f"{package} is no installed wheel")
    hidden = [f"--hidden-import={name}" for name in compiled_beside(package)]
    what = ["--onefile", "--name=llmsim", "--collect-all=llmsim", "--log-level=WARN", "--noconfirm", *hidden]
    with TemporaryDirectory() as work:
        places = [f"--distpath={folder}", f"--workpath={work}", f"--specpath={work}"]
        command = [sys.executable, "-m", "PyInstaller", *what, *places, str(package / "__main__.py")]
        # There, as in the checkout its own package would be found instead of the one that was installed.
        subprocess.run(command, check=True, timeout=LIMIT_S, cwd=work)
    return folder / "llmsim"


def prove(program: Path) -> None:
    """Start it, ask it and stop it some times; raises CalledProcessError where it does not do so."""
    for _ in range(STARTS):
        with TemporaryDirectory() as empty:
            command = [sys.executable, str(ANSWERS), str(program), *SERVE]
            subprocess.run(command, check=True, timeout=LIMIT_S, cwd=empty, env={})


if __name__ == "__main__":
    made = build(Path(sys.argv[1]).resolve())
    print(f"{made}: {made.stat().st_size / 1e6:.1f} MB", flush=True)  # noqa: T201  (what it is run for)
    prove(made)
