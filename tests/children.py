"""Real child processes for tests: a server on a port of the kernel's choice, killed or stopped, never left behind."""

import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

STARTUP_S = 30


def environment() -> dict[str, str]:
    """The environment of a child: ours, without what would configure llmsim."""
    return {name: value for name, value in os.environ.items() if not name.startswith("LLMSIM_")}


def llmsim(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command of ours to its end."""
    command = [sys.executable, "-m", "llmsim", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=environment())


class Server:
    """`llmsim serve` as a child process; a context manager that kills it if it still runs at the end."""

    def __init__(self, data_dir: Path, *arguments: str, prefix: tuple[str, ...] = ()) -> None:
        command = [*prefix, sys.executable, "-m", "llmsim", "serve", "--port", "0", "--data-dir", str(data_dir)]
        self.process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
        )
        self.log: list[str] = []
        self.banner: list[str] = []
        self._logged = threading.Condition()
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.url = self._listening()

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            with self._logged:
                self.log.append(line)
                self._logged.notify_all()

    def _listening(self) -> str:
        assert self.process.stdout is not None
        watchdog = threading.Timer(STARTUP_S, self.process.kill)
        watchdog.start()
        for line in self.process.stdout:
            self.banner.append(line)
            match = re.search(r"GOOGLE_GEMINI_BASE_URL=(http://\S+)", line)
            if match:
                watchdog.cancel()
                return match[1]
        watchdog.cancel()
        self.process.wait()
        self._reader.join()
        message = f"the server ended with {self.process.returncode} before it listened: {self.banner} {self.log}"
        raise RuntimeError(message)

    def wait_for_log(self, word: str) -> None:
        """Wait until a line that was logged holds this word."""
        with self._logged:
            assert self._logged.wait_for(lambda: any(word in line for line in self.log), timeout=STARTUP_S), word

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self._end()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        self._end()
        return self.process.returncode

    def _end(self) -> None:
        self.process.wait(timeout=STARTUP_S)
        self._reader.join()
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
