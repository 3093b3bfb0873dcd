"""What a command said: the type of the `command_line` fixture and of its answers."""

from collections.abc import Callable
from typing import Any

import attrs
import orjson


@attrs.frozen
class Said:
    """Exit code, stdout and stderr of one command line."""

    code: int
    out: str
    err: str

    def json(self) -> Any:  # noqa: ANN401
        """What stands on stdout, as JSON."""
        return orjson.loads(self.out)


CommandLine = Callable[..., Said]
"""`command_line("check", "--data-dir", path)`"""
