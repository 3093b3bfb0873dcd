"""A hash of X-LLMSim-Session keeps sessions with their pods, whoever computes it: three servers, no containers."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from tests.children import Server
from tests.deploy.pods.balancers import BALANCERS, balanced
from tests.deploy.pods.conversations import SESSIONS, held, kept, said
from tests.deploy.pods.engine import NEEDED, lacking


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    folder = tmp_path_factory.mktemp("servers")
    with ExitStack() as stack:
        yield [
            stack.enter_context(Server(folder / f"{ordinal}", "--instant", "--ordinal", f"{ordinal}", "--seed", "7"))
            for ordinal in range(3)
        ]


@pytest.mark.parametrize("name", BALANCERS)
def test_sessions_stay_with_their_servers(name: str, servers: list[Server], tmp_path: Path, proven: list[str]) -> None:
    with ExitStack() as stack:
        pods = [stack.enter_context(httpx2.Client(base_url=server.url)) for server in servers]
        with balanced(name, tmp_path, [server.url.removeprefix("http://") for server in servers]) as client:
            assert held(client, name) == [True] * SESSIONS
        of_pods = kept(pods, name)
    assert sorted(session for sessions in of_pods for session in sessions) == sorted(
        f"{name}-{number}" for number in range(SESSIONS)
    )
    assert min(map(len, of_pods)) > 0
    counts = " + ".join(str(len(sessions)) for sessions in of_pods)
    proven.append(f"{name} before three servers: {SESSIONS} of {SESSIONS} sessions stay with theirs ({counts})")


@pytest.mark.parametrize("name", BALANCERS)
def test_sessions_of_the_others_stay_when_one_server_goes(
    name: str, servers: list[Server], tmp_path: Path, proven: list[str]
) -> None:
    addresses = [server.url.removeprefix("http://") for server in servers]
    prefix = f"{name}-moved"
    sessions = [f"{prefix}-{number}" for number in range(SESSIONS)]
    with ExitStack() as stack:
        pods = [stack.enter_context(httpx2.Client(base_url=server.url)) for server in servers]
        (tmp_path / "all").mkdir()
        with balanced(name, tmp_path / "all", addresses) as client:
            for session in sessions:
                said(client, session, "Hello.")
        before = kept(pods, prefix)
        (tmp_path / "without").mkdir()
        with balanced(name, tmp_path / "without", addresses[:2]) as client:
            for session in sessions:
                said(client, session, "Hello again.")
        after = kept(pods, prefix)
    for pod in (0, 1):
        assert set(before[pod]) <= set(after[pod])
        assert set(after[pod]) - set(before[pod]) <= set(before[2])
    assert sum(map(len, after[:2])) == SESSIONS
    assert after[2] == before[2] != []
    proven.append(f"{name}: with one of three servers gone, its {len(before[2])} sessions move, the others stay")


def test_machine_without_the_programs_is_told_what_to_install() -> None:
    assert lacking("/nowhere") == sorted(set(NEEDED.values()))
    assert lacking() == []
