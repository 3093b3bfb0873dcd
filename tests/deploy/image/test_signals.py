"""SIGTERM to process 1 of a container, at any moment of its start: it ends at once, and well.

The kernel keeps a signal from a process 1 that has no handler for it, so one that comes too early for it would be lost.
"""

import os
import signal

import pytest

from tests.deploy.image.build import IMAGE
from tests.deploy.image.engines import Container, Engine

TRACED = ("-X", "importtime", "-I", "/usr/bin/llmsim", "serve")
ENTRIES = {"tini": ("/usr/bin/tini", "--", "/usr/bin/python3"), "bare": ("/usr/bin/python3",)}
"""Also where a manifest leaves tini out, and Python itself is process 1."""
MOMENTS = ("llmsim.cli", "click", "llmsim.settings", "trio", "lmdb", "quart", "llmsim.serving.server")
BY_SIGNAL = 128 + signal.SIGTERM


@pytest.mark.parametrize("module", MOMENTS)
@pytest.mark.parametrize("entry", ENTRIES)
def test_server_that_is_told_to_end_while_it_starts_ends_well(engine: Engine, entry: str, module: str) -> None:
    first, *rest = ENTRIES[entry]
    with Container(engine, "llmsim-image-early", f"--entrypoint={first}", told=(*rest, *TRACED)) as container:
        container.heard(rf"import time:.*\| +{module}$")
        os.kill(container.pid(), signal.SIGTERM)
        assert container.wait() == 0


def test_signal_before_any_code_of_ours_is_not_lost(engine: Engine) -> None:
    """Nothing waits between the start of the container and the signal."""
    codes = []
    for number in range(5):
        name = f"llmsim-image-instant-{number}"
        engine.done("rm", "--force", name)
        engine.said("create", f"--name={name}", *engine.manifest, IMAGE)
        engine.said("start", name)
        engine.said("kill", "--signal=TERM", name)
        codes.append(int(engine.said("wait", name).strip()))
        engine.said("rm", "--volumes", name)
    assert set(codes) <= {0, BY_SIGNAL}


def test_command_that_did_not_do_its_work_is_not_called_done(engine: Engine) -> None:
    """An init container that is ended must not count as one that found the store sound."""
    told = ("--", "/usr/bin/python3", "-X", "importtime", "-I", "/usr/bin/llmsim", "check")
    with Container(engine, "llmsim-image-check", "--entrypoint=/usr/bin/tini", told=told) as container:
        container.heard(r"import time:.*\| +click$")
        os.kill(container.pid(), signal.SIGTERM)
        assert container.wait() == BY_SIGNAL
