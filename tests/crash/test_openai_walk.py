"""Random walks through Responses and Conversations, the pod killed after every step, beside a model of what must be.

The steps come from a named stream, so that a failure can be repeated. A kill is a copy of the file as it then is: what
is posted and not yet committed is lost with it. Run by `nox -s crash`.
"""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import attrs
import pytest
import trio
from trio.testing import MockClock

from llmsim import clock
from llmsim.clock import Clock
from llmsim.simulation.draws import Source, Stream
from llmsim.store.environment import DATA_FILE
from llmsim.turn import ROOT, Place, Pod
from tests.pods import pod
from tests.responses_api import BEHIND, CONVERSATIONS, RESPONSES, Api, asked, text, texts

WALKS = 12
STEPS = 40
OVER = ("completed", "incomplete")
LONG_S = 60.0


@attrs.define
class Model:
    """What must be there: the texts of each conversation, what holds it, what each response says once it is over."""

    said: dict[str, list[str]] = attrs.field(factory=dict)
    held: dict[str, tuple[str, str]] = attrs.field(factory=dict)
    told: dict[str, str] = attrs.field(factory=dict)
    gone: list[str] = attrs.field(factory=list)


@attrs.define
class Walk:
    """One walk: each step does something and notes what must come of it."""

    chance: Stream
    model: Model = attrs.field(factory=Model)
    number: int = 0

    def one_of(self, things: list[str]) -> str:
        """One of these, by chance."""
        return things[self.chance.below(len(things))]

    async def step(self, api: Api) -> None:
        """The next step."""
        self.number += 1
        steps: list[Callable[[Api], Awaitable[None]]] = [self.begin, self.wait, self.pause]
        if self.model.said:
            steps += [self.run, self.run, self.behind, self.behind, self.add, self.leave, self.remove, self.drop]
        if self.model.told:
            steps += [self.fork, self.delete]
        if self.model.held:
            steps += [self.cancel, self.drop_held]
        await steps[self.chance.below(len(steps))](api)
        await self.settle(api)

    async def settle(self, api: Api) -> None:
        """Everything is as the model has it, once what is over has been noted."""
        for conversation, (response, question) in list(self.model.held.items()):
            shown = await api.shown(response)
            if shown["status"] in OVER:
                del self.model.held[conversation]
                self.model.said[conversation] += [question, text(shown)]
                self.model.told[response] = text(shown)
            else:
                assert shown["status"] in ("queued", "in_progress")
        for conversation, said in self.model.said.items():
            assert texts(await api.items(conversation)) == said
        for response, told in self.model.told.items():
            assert text(await api.shown(response)) == told
        for path in self.model.gone:
            assert (await api.ask("GET", path)).status == 404

    async def begin(self, api: Api) -> None:
        self.model.said[await api.converse("My name is Ada.")] = ["My name is Ada."]

    async def wait(self, _api: Api) -> None:
        await trio.sleep(LONG_S)

    async def pause(self, _api: Api) -> None:
        await trio.sleep(0.7)

    async def run(self, api: Api) -> None:
        conversation, question = self.one_of([*self.model.said]), f"Lesson {self.number}."
        if conversation in self.model.held:
            body = asked(question, conversation=conversation, stream=bool(self.chance.below(2)))
            refused = await api.refused("POST", RESPONSES, body)
            assert refused[3] == "conversation_locked"
            return
        if self.chance.below(2):
            made = await api.respond(question, conversation=conversation)
        else:
            made = (await api.stream(question, conversation=conversation))[-1]["response"]
        self.model.said[conversation] += [question, text(made)]
        self.model.told[made["id"]] = text(made)

    async def behind(self, api: Api) -> None:
        free = [name for name in self.model.said if name not in self.model.held]
        if free:
            conversation, question = self.one_of(free), f"Behind {self.number}."
            made = await api.respond(question, None, conversation=conversation, **BEHIND)
            self.model.held[conversation] = made["id"], question

    async def leave(self, api: Api) -> None:
        conversation = self.one_of([*self.model.said])
        if conversation not in self.model.held:
            with trio.move_on_after(0.8):
                await api.stream("Tell me much.", conversation=conversation, max_output_tokens=400)

    async def add(self, api: Api) -> None:
        conversation, said = self.one_of([*self.model.said]), f"Added {self.number}."
        path = f"{CONVERSATIONS}/{conversation}/items"
        await api.call("POST", path, {"items": [{"role": "user", "content": said}]})
        self.model.said[conversation].append(said)

    async def remove(self, api: Api) -> None:
        conversation = self.one_of([*self.model.said])
        items = await api.items(conversation)
        if items:
            at = self.chance.below(len(items))
            path = f"{CONVERSATIONS}/{conversation}/items/{items[at]['id']}"
            await api.call("DELETE", path)
            del self.model.said[conversation][at]
            self.model.gone.append(path)

    async def drop(self, api: Api) -> None:
        conversation = self.one_of([*self.model.said])
        if conversation in self.model.held or self.chance.below(3):
            return
        path = f"{CONVERSATIONS}/{conversation}"
        await api.call("DELETE", path)
        del self.model.said[conversation]
        self.model.gone.append(path)
        for response in list(self.model.told):
            if (await api.ask("GET", f"{RESPONSES}/{response}")).status == 404:
                assert response[5:21] == conversation[-16:]
                self.forget(response)

    async def fork(self, api: Api) -> None:
        previous = self.one_of([*self.model.told])
        made = await api.respond("What is my name?", previous_response_id=previous, max_output_tokens=60)
        self.model.told[made["id"]] = text(made)

    async def delete(self, api: Api) -> None:
        response = self.one_of([*self.model.told])
        await api.call("DELETE", f"{RESPONSES}/{response}")
        self.forget(response)

    async def cancel(self, api: Api) -> None:
        conversation = self.one_of([*self.model.held])
        response, question = self.model.held[conversation]
        shown = await api.call("POST", f"{RESPONSES}/{response}/cancel")
        del self.model.held[conversation]
        if shown["status"] in OVER:
            self.model.said[conversation] += [question, text(shown)]
        self.model.told[response] = text(shown)

    async def drop_held(self, api: Api) -> None:
        conversation = self.one_of([*self.model.held])
        response, question = self.model.held[conversation]
        shown = await api.shown(response)
        await api.call("DELETE", f"{RESPONSES}/{response}")
        if shown["status"] in OVER:
            self.model.said[conversation] += [question, text(shown)]
        del self.model.held[conversation]
        self.model.gone.append(f"{RESPONSES}/{response}")

    def forget(self, response: str) -> None:
        """A response is no more."""
        del self.model.told[response]
        self.model.gone.append(f"{RESPONSES}/{response}")


@pytest.mark.parametrize("walk", range(WALKS))
async def test_what_is_there_is_what_must_be_whatever_was_done_and_killed_before(
    tmp_path: Path, autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch, walk: int
) -> None:
    monkeypatch.setattr(clock, "wall", lambda: 1_790_000_000.0 + trio.current_time())
    steps = Walk(Source(Pod(7, 0), Place(f"walk {walk}", 1, ROOT)).stream("steps"))
    for number in range(STEPS):
        folder, following = tmp_path / str(number), tmp_path / str(number + 1)
        async with pod(folder, clock=Clock()) as under:
            await steps.settle(Api(under))
            await steps.step(Api(under))
            following.mkdir()
            shutil.copy(folder / DATA_FILE, following / DATA_FILE)
        shutil.rmtree(folder)
    assert steps.model.told
