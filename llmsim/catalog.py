"""Where the shipped data is: model profiles, and session scripts to replay.

In an installed wheel it is inside the package (`llmsim/_data`), in a checkout beside it. Knows paths and nothing of
what the files say. Invariant: a directory that is returned exists.
"""

from pathlib import Path

from llmsim.errors import OperatorError

PACKAGE = Path(__file__).parent


def profiles_dir(package: Path = PACKAGE) -> Path:
    """The directory of the shipped `*.toml` profiles; raises OperatorError when this installation lacks it."""
    return _shipped(package, "profiles")


def scripts_dir(package: Path = PACKAGE) -> Path:
    """The directory of the shipped `*.toml` session scripts; raises OperatorError when this installation lacks it."""
    return _shipped(package, "sessions")


def _shipped(package: Path, name: str) -> Path:
    for directory in (package / "_data" / name, package.parent / name):
        if directory.is_dir():
            return directory
    raise OperatorError(f"this installation of llmsim is incomplete: {package / '_data' / name} is missing")
