"""Commit runners for tests: one that waits to be let through, one that fails, one that keeps what each commit made."""

import shutil
from collections.abc import Callable
from pathlib import Path

import trio

from llmsim.errors import StoreError
from llmsim.store.batch import Results
from llmsim.store.environment import DATA_FILE
from llmsim.store.writer import inline


class Gate:
    """A commit runner that waits to be let through."""

    def __init__(self) -> None:
        self.open = trio.Event()

    async def __call__(self, commit: Callable[[], Results]) -> Results:
        await self.open.wait()
        return await inline(commit)


class Failing:
    """A commit runner that raises an error while it has one."""

    def __init__(self) -> None:
        self.error: StoreError | None = None

    async def __call__(self, commit: Callable[[], Results]) -> Results:
        if self.error is not None:
            await trio.lowlevel.checkpoint()
            raise self.error
        return await inline(commit)


class Copies:
    """A commit runner that keeps a copy of the store as it is after each commit: what a kill then would leave."""

    def __init__(self, data: Path, copies: Path) -> None:
        self._data, self._copies = data, copies
        self.made: list[Path] = []

    async def __call__(self, commit: Callable[[], Results]) -> Results:
        results = await inline(commit)
        folder = self._copies / str(len(self.made))
        folder.mkdir(parents=True)
        shutil.copy(self._data / DATA_FILE, folder / DATA_FILE)
        self.made.append(folder)
        return results
