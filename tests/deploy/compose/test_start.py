"""compose.yaml, started for real with three replicas: each session stays with the replica that remembers it."""

import itertools
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import attrs
import httpx2
import pytest

from tests.deploy.compose.stack import Replica, Stack, stack
from tests.deploy.image import engines
from tests.deploy.image.build import Missing

SESSIONS, TURNS = 60, 4
WITHIN_S = 120
BETWEEN_LOOKS_S = 0.2
CHAT = "/v1/chat/completions"
SESSION, TURN = "x-llmsim-session", "x-llmsim-turn"


@attrs.define
class Clients:
    """Whoever talks to the stack, at its load balancer; `told` counts the turns of each session."""

    stack: Stack
    http: httpx2.Client
    door: str = ""
    told: Counter[str] = attrs.field(factory=Counter)
    later: Iterator[int] = attrs.field(factory=itertools.count)

    def __attrs_post_init__(self) -> None:
        self.look()

    def look(self) -> None:
        """Find the load balancer's port, which is another one after a restart."""
        self.door = self.stack.url("load-balancer", 8080)

    def say(self, session: str, at: str | None = None) -> httpx2.Response:
        """The next turn of a session; the server alone knows what was said before."""
        self.told[session] += 1
        headers = {SESSION: session, "x-llmsim-history": "server"}
        answer = self.ask(headers, f"{session} says {self.told[session]}", at)
        assert int(answer.headers[TURN]) == self.told[session], f"{session} was forgotten"
        return answer

    def ask(self, headers: dict[str, str], text: str, at: str | None = None) -> httpx2.Response:
        """A chat completion, at the load balancer or at one replica."""
        body = {"model": "gpt-4o-mini", "max_tokens": 40, "messages": [{"role": "user", "content": text}]}
        return self.http.post(f"{at or self.door}{CHAT}", json=body, headers=headers).raise_for_status()

    def until_new_session_at(self, replica: Replica) -> None:
        """Begin sessions until one comes to this replica."""

        def arrived() -> bool:
            name = f"later-{next(self.later)}"
            self.say(name)
            return self.remembered()[name] == [replica]

        until(arrived)

    def remembered(self) -> dict[str, list[Replica]]:
        """Which replicas have which sessions."""
        found: dict[str, list[Replica]] = {}
        for replica in self.stack.replicas():
            page = self.http.get(f"{replica.url}/llmsim/v1/sessions", params={"limit": 1000}).raise_for_status().json()
            for session in page["data"]:
                found.setdefault(session["id"], []).append(replica)
        return found


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clients]:
    """Three replicas behind the load balancer, watched by Prometheus; each of 60 sessions has had its turns."""
    try:
        with engines.docker() as docker, stack(docker, tmp_path_factory.mktemp("compose")) as started:
            started.up(3, "llm-simulator", "load-balancer", "prometheus")
            with httpx2.Client(timeout=WITHIN_S) as http:
                talking = Clients(started, http)
                for number, _ in itertools.product(range(SESSIONS), range(TURNS)):
                    talking.say(f"session-{number}")
                yield talking
    except Missing as missing:
        pytest.fail(str(missing), pytrace=False)


def until(seen: Callable[[], object], instead: Callable[[], object] = lambda: None) -> None:
    """Look again until something is seen; where it is not, `instead` says what there is."""
    pause = threading.Event()
    for _ in range(int(WITHIN_S / BETWEEN_LOOKS_S)):
        if seen():
            return
        pause.wait(BETWEEN_LOOKS_S)
    raise AssertionError(f"not seen in time, but {instead()}")


def test_session_has_all_its_turns_at_one_replica(clients: Clients) -> None:
    found = clients.remembered()
    assert set(found) == set(clients.told)
    assert [session for session, replicas in found.items() if len(replicas) > 1] == []
    shares = Counter(replica.container for [replica] in found.values())
    assert len(shares) == 3
    assert sum(shares.values()) == SESSIONS


def test_new_load_balancer_comes_to_the_same_decisions(clients: Clients) -> None:
    """What it had learned is gone; the hash of names over addresses is all that it has."""
    before = clients.remembered()
    clients.stack.compose("restart", "load-balancer")
    clients.stack.up(3, "load-balancer")
    clients.look()
    for session in list(clients.told):
        clients.say(session)
    assert clients.remembered() == before


def test_order_in_which_replicas_become_known_does_not_matter(clients: Clients) -> None:
    """Each replica is away once while the load balancer forgets all, and so is the last that it gets to know."""
    engine = clients.stack.engine
    told = list(clients.told)
    for replica in clients.stack.replicas():
        engine.said("stop", "--time=5", replica.container)
        engine.said("kill", "--signal=USR2", clients.stack.container("load-balancer")["Id"])
        engine.said("start", replica.container)
        clients.stack.up(3, "llm-simulator", "load-balancer")
        assert replica in clients.stack.replicas()
        clients.until_new_session_at(replica)
        for session in told:
            clients.say(session)
    for session in set(clients.told) - set(told):
        del clients.told[session]  # begun while not all were known: what was learned of them is forgotten


def test_session_that_a_reply_names_is_followed(clients: Clients) -> None:
    """First turns without a name all go by the client's address; their names would be hashed elsewhere."""
    named = [clients.ask({}, f"Number {number} is my favourite.").headers[SESSION] for number in range(12)]
    for session in named:
        answer = clients.ask({SESSION: session, "x-llmsim-history": "server"}, "Which one is it?")
        assert int(answer.headers[TURN]) == 2
    found = clients.remembered()
    assert len({replica for session in named for replica in found[session]}) == 1


def test_replicas_give_the_same_bytes(clients: Clients) -> None:
    """One seed and one ordinal for all: where a session is says what is remembered, not what is answered."""

    def drawn(replica: Replica) -> dict[str, Any]:
        body: dict[str, Any] = clients.ask({SESSION: "alike"}, "Hello!", replica.url).json()
        return {name: body[name] for name in ("id", "choices", "usage")}

    first, *others = [drawn(replica) for replica in clients.stack.replicas()]
    assert others == [first, first]


def test_killed_replica_comes_back_with_its_sessions(clients: Clients) -> None:
    [replica, *_] = clients.stack.replicas()
    mine = [
        session for session, found in clients.remembered().items() if found == [replica] and session in clients.told
    ]
    state = clients.stack.engine.inspect("container", replica.container)["State"]
    os.kill(state["Pid"], signal.SIGKILL)

    def back() -> bool:
        now = clients.stack.engine.inspect("container", replica.container)["State"]
        return now["Pid"] not in (0, state["Pid"]) and now["Health"]["Status"] == "healthy"

    until(back)
    until(lambda: len(clients.stack.replicas()) == 3)
    assert replica in clients.stack.replicas()
    for session in mine:
        clients.say(session, replica.url)


def test_further_replica_gets_new_sessions_and_takes_none_away(clients: Clients) -> None:
    before = clients.remembered()
    clients.stack.up(4, "llm-simulator")
    [added] = set(clients.stack.replicas()) - {replica for found in before.values() for replica in found}
    clients.until_new_session_at(added)
    for session in before:
        if session in clients.told:
            clients.say(session)
    after = clients.remembered()
    assert {session: after[session] for session in before} == before


def test_prometheus_sees_each_replica_and_evaluates_every_rule(clients: Clients) -> None:
    url = clients.stack.url("prometheus", 9090)

    def get(path: str, **params: str) -> Any:  # noqa: ANN401  (JSON)
        return clients.http.get(f"{url}/api/v1/{path}", params=params).raise_for_status().json()["data"]

    def scraped() -> set[str]:
        found = get("query", query='up{job="llm-simulator", namespace="compose"} == 1')["result"]
        return {one["metric"]["pod"] for one in found}

    def wanted() -> set[str]:
        return {replica.address for replica in clients.stack.replicas()}

    until(lambda: scraped() == wanted(), lambda: (scraped(), wanted(), get("targets")["activeTargets"]))
    until(lambda: get("query", query="pod:llm_simulator_cpu:cores_rate5m")["result"])
    rules = [rule for group in get("rules")["groups"] for rule in group["rules"]]
    assert len(rules) > 20
    assert {rule["health"] for rule in rules} == {"ok"}


def test_containers_are_confined_as_the_file_says(clients: Clients) -> None:
    for service in ("load-balancer", "prometheus"):
        host = clients.stack.container(service)["HostConfig"]
        assert (host["ReadonlyRootfs"], host["CapDrop"]) == (True, ["ALL"])
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert min(host["Memory"], host["NanoCpus"], host["PidsLimit"]) > 0
    for replica in clients.stack.replicas():
        status = clients.stack.engine.inspect("container", replica.container)
        assert status["HostConfig"]["ReadonlyRootfs"] is True
        assert [mount["Type"] for mount in status["Mounts"]] == ["volume"]
