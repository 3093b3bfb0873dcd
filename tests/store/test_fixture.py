"""Stores that earlier commits wrote are read, proven and continued by this one.

When a test here fails, what the store looks like, or what its turns say, has changed. Before a release, make the
current fixture again; after it, raise FORMAT_VERSION or PLAN_VERSION, and keep the older ones readable.
"""

import hashlib
import shutil
from pathlib import Path

import orjson
import pytest
import trio
from trio.testing import MockClock

from llmsim.replay.regenerate import regenerate
from llmsim.simulation.plan import PLAN_VERSION
from llmsim.store import sessions
from llmsim.store.environment import DATA_FILE, Environment
from llmsim.store.schema import FORMAT_VERSION, Ending, Meta
from llmsim.tokenizers import counter_named
from llmsim.turn import Scripted
from tests.fixtures.make_store import FOLDER, LINE, assistant, main, make, say, user
from tests.pods import CHAT, pod
from tests.stored import contents

FIXTURE = FOLDER.with_name("store-v1")
"""Of plan version 1: read and continued, and not drawn again."""
DIGESTS = {
    "store-v1": "6071e2e3ec909531e86e35abdcb7aa983517bf45c3fd1097bc5bdfd50432cd67",
    "store-v1-plan-2": "8439c8a1fd6402505b39e87debd767c48f0c11f0cf411e6f0c550c18e3ca3b91",
    "store-v3-plan-3": "08239c080adb87a94c1b811e05516a2fd0637da3ffe26d0eec52acc9dfe6594f",
    "store-v2-plan-3": "a792d8f739e34e4e2bc99201edaf4baa8ac64f1a6b3c28ec25bb91e7f14a46f6",
}
"""sha256 of the data files: whoever makes one again says so here."""

SAID = """
branches 1-36bd7a211bd3217f-0 openai.chat: Nice to meet you, Ada.
branches 1-36bd7a211bd3217f-1 openai.chat: Nice to meet you, Ada.
branches 2-76f8943969c1e531-0 openai.chat: snow
branches 2-e4a0c9afad718ee9-0 openai.chat: snow
choices 1-ad6331dae22ea477-0 openai.chat: colour
choices 2-0896432186a20acb-0 openai.chat: größer
forked 1-83a9b43e369bbb65-0 openai.chat: Nice to meet you, Ada.
forked 2-c40d6d02946a2366-0 openai.chat: rain
forked 3-adacd0beef7d3a98-0 openai.chat: wind
left 1-0f896d41e1b87a88-0 openai.chat: story
memory 1-83a9b43e369bbb65-0 openai.chat: Nice to meet you, Ada.
memory 2-c40d6d02946a2366-0 openai.chat: rain
memory 3-c72212f50e18537c-0 openai.chat: Your name is Ada.
scripted 1-f61947063ef57845-0 openai.chat: To be, or not to be.
tools 2-53bedb266e22a9f8-0 openai.chat: weather
without-outcome 1-a97eed5ed07ae71d-0 openai.chat: Are you there
"""
RECORD = (
    b'{"chain":"17402a2c8ca48d67de6ddc7049952ec2","created_s":1767228165,"dialect":"openai.chat",'
    b'"key":"1-f61947063ef57845-0","messages":[{"content":"Say your line.","name":null,"role":"user",'
    b'"tool_call_id":null,"tool_calls":[]}],"origin":{"ordinal":0,"root_seed":7,"session":"scripted"},'
    b'"params":{"include_usage":false,"max_tokens":24,"metadata":{},"model":"gpt-4o-mini","n":1,"obfuscation":true,'
    b'"seed":null,"service_tier":"default","stop":[],"stream":false},"parent":null,"parent_choice":0,"plan_version":1,'
    b'"profile":"7c1f0c06f85799979d9c24c4e2ee28bf","replies":[{"finish_reason":"stop","text":"To be, or not to be."}],'
    b'"request_digest":"0494af0c77747a9fdb846b553953d10d","script":"To be, or not to be.","session":"scripted",'
    b'"usage":{"cached_tokens":0,"completion_tokens":8,"prompt_tokens":11}}'
)


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy to go on with."""
    shutil.copyfile(FIXTURE / DATA_FILE, tmp_path / DATA_FILE)
    return tmp_path


def test_fixtures_are_the_files_that_were_committed() -> None:
    found = {folder.name: (folder / DATA_FILE).read_bytes() for folder in FOLDER.parent.glob("store-*")}
    assert {name: hashlib.sha256(data).hexdigest() for name, data in found.items()} == DIGESTS


def test_fixture_exists_for_the_current_versions() -> None:
    """Raising FORMAT_VERSION or PLAN_VERSION calls for a new fixture, beside the older ones: `nox -s fixture`."""
    assert (FOLDER / DATA_FILE).is_file()
    assert FOLDER.name == f"store-v{FORMAT_VERSION}-plan-{PLAN_VERSION}"


def test_fixture_holds_every_table_and_every_record_as_it_was_written() -> None:
    found = contents(FIXTURE)
    assert {table: len(records) for table, records in found.items()} == {
        "meta": 1, "sessions": 8, "turns": 16, "outcomes": 15, "heads": 16, "idempotency": 1, "profiles": 2,
        "resources": 0, "items": 0, "names": 0, "lists": 0, "counters": 0, "journal": 0,
    }  # fmt: skip
    assert found["meta"] == {b"store": b'{"created_s":1767225600,"format":1,"ordinal":0,"root_seed":7}'}
    assert found["sessions"][b"forked"] == (
        b'{"created_s":1767226094,"forked_from":"memory","id":"forked","tip":"3-adacd0beef7d3a98-0","turns":3,'
        b'"updated_s":1767226692}'
    )
    key = bytes.fromhex("00000001f61947063ef5784500000000")
    assert found["turns"][b"scripted\x00" + key] == RECORD
    assert found["outcomes"][b"scripted\x00" + key] == b'{"delivered":1,"ending":"completed"}'
    choice = bytes.fromhex("fe3b0d481462e44f8293e2ee86b36555")
    colour = bytes.fromhex("00000001ad6331dae22ea47700000000")
    assert found["heads"][b"choices\x00" + choice] == colour + b"\x00\x01"
    retried = bytes.fromhex("20a2c570e2fac8846d757feed44d141e")
    assert found["idempotency"] == {b"choices\x00" + retried: colour}
    assert bytes.fromhex("7c1f0c06f85799979d9c24c4e2ee28bf") in found["profiles"]


def test_fixture_is_read_in_todays_words() -> None:
    with Environment.open(FIXTURE, readonly=True, lock=False) as environment, environment.read() as view:
        assert environment.meta() == Meta(root_seed=7, ordinal=0, created_s=1_767_225_600, format=1)
        known = [session.id for session in sessions.sessions(view)]
        turns = [turn for session in known for turn in sessions.turns(view, session)]
        said = [line.split(": ", 1) for line in SAID.strip().splitlines()]
        assert [f"{turn.session} {turn.key} {turn.dialect}" for turn in turns] == [head for head, _ in said]
        assert [turn.key for turn, (_, word) in zip(turns, said, strict=True) if word not in turn.replies[0].text] == []
        endings = {turn.session: sessions.outcome(view, turn.session, turn.key) for turn in turns}
        left = endings["left"]
        assert left is not None
        assert (left.ending, left.delivered) == (Ending.CLIENT_LEFT, 117)
        assert endings["without-outcome"] is None
        assert next(sessions.turns(view, "scripted")).script == Scripted(LINE)
    assert {path.name for path in FIXTURE.iterdir()} == {DATA_FILE}


@pytest.mark.parametrize(("name", "version", "sizes"), [("store-v1", 1, (8, 16)), ("store-v1-plan-2", 2, (9, 17))])
def test_fixture_turns_of_an_earlier_plan_version_never_pass_for_equal(
    name: str, version: int, sizes: tuple[int, int]
) -> None:
    with Environment.open(FOLDER.with_name(name), readonly=True, lock=False) as environment:
        result = regenerate(environment, counter_named)
    assert [str(mismatch) for mismatch in result.mismatches] == []
    assert {skipped.why for skipped in result.skipped} == {
        f"it was planned by version {version}, this release plans by {PLAN_VERSION}"
    }
    assert (result.sessions, result.turns, len(result.skipped)) == (*sizes, sizes[1])


@pytest.mark.usefixtures("each_way")
def test_fixture_turns_of_the_current_plan_version_drawn_again_are_the_same() -> None:
    with Environment.open(FOLDER, readonly=True, lock=False) as environment:
        result = regenerate(environment, counter_named)
        with environment.read() as view:
            picture = next(sessions.turns(view, "pictures"))
    assert [str(mismatch) for mismatch in result.mismatches] == []
    assert [str(skipped) for skipped in result.skipped] == []
    assert (result.sessions, result.turns) == (21, 34)
    assert (picture.messages[0].text, picture.messages[0].parts) == ("What is in this picture?", ("image",))
    assert picture.usage.prompt_tokens == 98


async def test_fixture_turns_are_answered_again_as_they_were(copied: Path, autojump_clock: MockClock) -> None:
    async with pod(copied) as under:
        simulator = under.service.simulator
        with simulator.environment.read() as view:
            turns = [turn for session in sessions.sessions(view) for turn in sessions.turns(view, session.id)]
        for turn in turns:
            plan = simulator.slot_of(turn).plan
            again = [(choice.text, choice.finish_reason) for choice in plan.choices]
            assert again == [(reply.text, reply.finish_reason) for reply in turn.replies]
            assert (plan.usage, plan.created) == (turn.usage, turn.created_s)
        body = {"model": "gpt-4o-mini", "messages": [user("Name a colour.")], "max_tokens": 24, "n": 2}
        retried = await under.client.exchange(
            "POST", CHAT, {"X-LLMSim-Session": "choices", "Idempotency-Key": "retry-me"}, orjson.dumps(body)
        )
        assert orjson.loads(retried.body)["id"] == "chatcmpl-NERMlWlfHeCl75JjuMBKXUQ99yNVr"
        assert len(await under.turns("choices")) == 2


@pytest.mark.usefixtures("each_way")
async def test_fixture_conversations_go_on(copied: Path, autojump_clock: MockClock) -> None:
    async with pod(copied) as under:
        asked = user("And what is my name?")
        assert "Ada" in await say(under, "memory", asked, headers={"X-LLMSim-History": "server"})
        told = (await under.turns("branches"))[0]["replies"][0]["text"]
        assert "Ada" in await say(under, "branches", user("Hello, my name is Ada."), assistant(told), asked)
        turns = await under.turns("branches")
        assert [turn["number"] for turn in turns] == [1, 1, 2, 2, 2]


@pytest.mark.usefixtures("each_way")
def test_fixture_made_twice_is_the_same_store(tmp_path: Path) -> None:
    """The recipe follows from seed and epoch; it need not give the committed store, whose profiles are of its day."""
    made = []
    for name in ("one", "other"):
        trio.run(make, tmp_path / name, clock=MockClock(autojump_threshold=0))
        made.append(contents(tmp_path / name))
    assert made[0] == made[1]
    committed = contents(FOLDER)
    assert {table: len(made[0][table]) for table in made[0]} == {table: len(committed[table]) for table in committed}


def test_fixture_that_is_there_is_not_made_again() -> None:
    with pytest.raises(SystemExit, match="is there already: raise FORMAT_VERSION or PLAN_VERSION"):
        main()
