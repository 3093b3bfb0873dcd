"""What a chat completion leaves behind when it is to be stored: nothing before it is whole, all of it after."""

from pathlib import Path

import attrs
import orjson
from trio.testing import MockClock

from llmsim.admission import Ask
from llmsim.keeping.completions import LIST, Delete, Update, listed
from llmsim.serving.service import Service
from llmsim.store import resources
from llmsim.store.schema import Ending, Resource
from llmsim.wire.dialects import CHAT
from tests.pods import pod


def all_listed(service: Service) -> list[Resource]:
    with service.simulator.environment.read() as view:
        return list(listed(view, None, None, {}, newest=False))


async def test_completion_is_there_once_it_is_whole(tmp_path: Path, autojump_clock: MockClock) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "store": True, "metadata": {"a": "1"}}
    async with pod(tmp_path) as under:
        simulator = under.service.simulator
        slot = await simulator.admit(CHAT, CHAT.parse(orjson.dumps(body), {}), Ask())
        assert all_listed(under.service) == []
        simulator.seal(slot, list[object]().append)
        await simulator.writer.drain()
        [found] = all_listed(under.service)
        assert (found.session, found.turn, found.lists) == (slot.session, slot.key, (LIST,))
        simulator.settle(slot, Ending.COMPLETED, 1)
        changed = await simulator.writer.commit(Update(found.id, {"b": "2"}))
        assert changed == attrs.evolve(found, body={**found.body, "metadata": {"b": "2"}})
        assert await simulator.writer.commit(Update("chatcmpl-unknown", {})) is None
        assert [await simulator.writer.commit(Delete(found.id)) for _ in range(2)] == [True, False]
        with simulator.environment.read() as view:
            assert resources.resource(view, found.id) is None


async def test_request_that_is_not_to_be_stored_leaves_nothing(tmp_path: Path, autojump_clock: MockClock) -> None:
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hi"}], "store": False}
    assert CHAT.parse(orjson.dumps(body), {}).held is None
    async with pod(tmp_path) as under:
        await under.say("Hello.", store=True, headers={"X-LLMSim-Store": "no"})
        assert all_listed(under.service) == []
