"""The machine that was measured on: which cores, what they are, and which versions of everything ran.

Linux alone: affinity, /proc and the kernel's stamps are its own.
"""

import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import attrs

PACKAGES = (
    "llmsim", "trio", "hypercorn", "quart", "quart-trio", "httptools", "lmdb", "orjson", "attrs", "prometheus-client",
    "starlette", "uvicorn", "uvloop", "anyio", "h11", "matplotlib",
)  # fmt: skip

TICKS = os.sysconf("SC_CLK_TCK")


@attrs.frozen
class Cores:
    """Which core the server has, and which the load; the same one where there is no other."""

    server: int
    load: int

    @property
    def shared(self) -> bool:
        return self.server == self.load


def cores() -> Cores:
    """The last core for the server (the first one takes most interrupts), the first for the load."""
    allowed = sorted(os.sched_getaffinity(0))
    return Cores(server=allowed[-1], load=allowed[0])


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started in this block runs on this core alone, with all its threads and children."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def busy_s(core: int) -> float:
    """Seconds that a core was busy or taken away since the machine started, whoever used it."""
    fields = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith(f"cpu{core} "))
    user, nice, system, _idle, _wait, irq, softirq, steal = map(int, fields.split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def described() -> dict[str, str]:
    """Processor, memory, kernel, Python."""
    cpu = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")), "?")
    memory_kb = int(Path("/proc/meminfo").read_text().split()[1])
    return {
        "cpu": cpu.partition(":")[2].strip(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{memory_kb / 1024**2:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }


def versions() -> dict[str, str]:
    """The versions of what this environment has of PACKAGES."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    return found
