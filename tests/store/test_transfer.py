"""What is exported and imported is the same store again; what is no whole export changes nothing."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmsim.errors import ClientError
from llmsim.store.check import check
from llmsim.store.environment import Environment, claim
from llmsim.store.operations import ForkSession, PutOutcome, PutTurn
from llmsim.store.resources import AppendItems, DeleteItem, PutResource, touch
from llmsim.store.schema import Ending, Outcome, Table, Turn, branch_of
from llmsim.store.transfer import Imported, ImportSessions
from llmsim.turn import FinishReason, Reply
from tests.store.test_export import exported
from tests.stored import PROFILE, checked, contents, conversation, fill, items_of, put, shown, turn_of


def imported(data_dir: Path, lines: list[bytes]) -> Imported:
    with checked(data_dir) as environment, environment.write() as view:
        done: Imported = ImportSessions(lambda: lines, "told.jsonl")(view)
        return done


def without_meta(data_dir: Path) -> dict[str, dict[bytes, bytes]]:
    return {table: records for table, records in contents(data_dir).items() if table != Table.META}


@st.composite
def operations(draw: st.DrawFn) -> list[Any]:
    """What happens to a store: turns at the beginning or after any reply so far, attempts, outcomes, client keys.

    Replies come from so few texts that turns of one place often end alike, and then share a head.
    """
    done: list[Any] = []
    turns: list[Turn] = []
    for step in range(draw(st.integers(1, 12))):
        session = draw(st.sampled_from(["ada", "bob.fork-1", "z:9_-"]))
        parent = draw(st.sampled_from([None, *(turn for turn in turns if turn.session == session)]))
        choice = draw(st.integers(0, len(parent.replies) - 1)) if parent else 0
        turn = turn_of(session, draw(st.sampled_from(["hi", "é\u2028\n\x00"])), parent, choice=choice)
        digest = draw(st.sampled_from([bytes(16), b"other parameters"]))
        turn = attrs.evolve(
            turn,
            key=attrs.evolve(turn.key, branch=branch_of(turn.chain, digest), attempt=draw(st.integers(0, 2))),
            request_digest=digest,
            replies=tuple(
                Reply(draw(st.sampled_from(["yes", "no"])), draw(st.sampled_from(FinishReason)))
                for _ in range(draw(st.integers(1, 3)))
            ),
            created_s=draw(st.integers(0, 2**40)),
        )
        if turn.key in [known.key for known in turns if known.session == session]:
            continue
        turns.append(turn)
        done.append(PutTurn(turn, PROFILE, draw(st.sampled_from([None, "key", f"key-{step}"]))))
        if draw(st.booleans()):
            done.append(PutOutcome(session, turn.key, Outcome(draw(st.sampled_from(Ending)), step)))
    for number in range(draw(st.integers(0, 4))):
        turn = draw(st.sampled_from(turns))
        lists = draw(st.sampled_from([(), ("running",), ("all", "running")]))
        kept = shown(turn, id=f"é-{number}", lists=lists, body={"said": draw(st.sampled_from(["", "é\n"]))})
        done.append(PutResource(draw(st.sampled_from([kept, attrs.evolve(kept, turn=None, session="without-turns")]))))
        done.append(AppendItems(turn.session, items_of(f"{number}", draw(st.integers(0, 3)))))
    if len(done) > 1 and draw(st.booleans()):
        done.append(DeleteItem("msg_0_1"))
    if draw(st.booleans()):
        forked = draw(st.sampled_from(turns))
        done.append(ForkSession(forked.session, forked.key, "forked"))
    return done


@given(done=operations())
def test_export_imported_elsewhere_is_the_same_store(done: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours"), Path(folder, "theirs")
        with checked(fill(ours, sessions=0)) as environment, environment.write() as view:
            for operation in done:
                operation(view)
        imported(fill(theirs, sessions=0, ordinal=3), exported(ours))
        assert without_meta(theirs) == without_meta(ours)


def test_import_beside_other_sessions_leaves_them_alone(tmp_path: Path) -> None:
    lines = exported(fill(tmp_path / "ours", sessions=2))
    theirs = tmp_path / "theirs"
    with checked(fill(theirs, sessions=0)) as environment:
        put(environment, *conversation("other", 3))
    assert imported(theirs, lines) == Imported(sessions=2, turns=8)
    assert len(contents(theirs)["turns"]) == 11


def test_import_of_nothing_is_nothing(tmp_path: Path) -> None:
    empty = exported(fill(tmp_path / "ours", sessions=0))
    assert imported(fill(tmp_path / "theirs"), empty) == Imported(0, 0)


def test_import_of_sessions_that_exist_names_them_and_changes_nothing(tmp_path: Path) -> None:
    lines = exported(fill(tmp_path / "ours", sessions=14))
    theirs = fill(tmp_path / "theirs", sessions=12, said="Something else")
    before = contents(theirs)
    with pytest.raises(
        ClientError, match=r"nothing was imported, these sessions exist already: s-0, s-1, s-10, .* and 2"
    ):
        imported(theirs, lines)
    assert contents(theirs) == before


def changed(line: bytes, **keys: object) -> bytes:
    return orjson.dumps({**orjson.loads(line), **keys})


Damage = Callable[[list[bytes]], list[bytes]]


def kept(data_dir: Path) -> Path:
    """A store whose session `s-0` shows its turns by ids, with two items."""
    with checked(data_dir) as environment, environment.write() as view:
        for turn in conversation("s-0", 2):
            PutResource(shown(turn, lists=("all",)))(view)
        AppendItems("s-0", items_of("s-0", 2))(view)
    return data_dir


def broken() -> Iterator[tuple[str, Damage, str]]:
    """Ways to break an export of one session with two turns, and what is said of each.

    Its lines: 0 export, 1 session, 2 profile, 3 and 4 turns, 5 end.
    """
    yield "garbage", lambda lines: [*lines[:3], b"\x00garbage", *lines[4:]], "line 4: not JSON: "
    yield "not an object", lambda lines: [*lines[:3], b"[]", *lines[4:]], "line 4: unknown type 'None'"
    yield "no header", lambda lines: lines[1:], "line 1: an export begins with one line"
    yield "two headers", lambda lines: [lines[0], *lines], "line 2: an export begins with one line"
    yield (
        "other format",
        lambda lines: [changed(lines[0], format=4), *lines[1:]],
        "line 1: format 4; this release reads format 3 and older ones",
    )
    yield "empty", lambda _lines: [], "it ends early"
    yield "cut short", lambda lines: lines[:-1], "line 5: it ends early"
    yield "a turn lost", lambda lines: [*lines[:4], lines[5]], "line 5: session s-0 is not whole: count: "
    yield "a session lost", lambda lines: [lines[0], *lines[2:]], "line 3: a turn of session s-0 outside of it"
    yield "a profile lost", lambda lines: [*lines[:2], *lines[3:]], "line 3: its profile .* did not come before it"
    yield "a turn twice", lambda lines: [*lines[:4], *lines[3:]], "line 5: session s-0 has a turn .* already"
    yield "turns turned", lambda lines: [*lines[:3], lines[4], lines[3], lines[5]], "line "
    yield "more after the end", lambda lines: [*lines, lines[0]], "line 7: there is more after the line of type end"
    yield (
        "wrong count",
        lambda lines: [*lines[:5], changed(lines[5], turns=3)],
        "line 6: it counts sessions: 1, turns: 3, resources: 0, .*; there came sessions: 1, turns: 2, resources: 0",
    )
    yield "other type", lambda lines: [*lines[:5], b'{"type":"x"}', lines[5]], "line 6: unknown type 'x'"
    yield (
        "no outcome key",
        lambda lines: [*lines[:3], b'{"type":"turn"}', *lines[4:]],
        "line 4: not a line of type turn",
    )
    yield (
        "bad digest",
        lambda lines: [*lines[:2], changed(lines[2], digest="00"), *lines[3:]],
        "line 3: the profile does",
    )
    yield "bad heads", lambda lines: [*lines[:3], changed(lines[3], heads=1), *lines[4:]], "line 4: not a line of type"
    yield (
        "lone key",
        lambda lines: [lines[0], b'{"type":"idempotency","digest":"00","turn":"1-0123456789abcdef-0"}'],
        ("line 2: an idempotency key belongs to a session"),
    )
    key = b'{"type":"idempotency","digest":"%s","turn":"9-0123456789abcdef-0"}' % (b"00" * 16)
    yield "key of no turn", lambda lines: [*lines[:5], key, lines[5]], "line 7: session s-0 is not whole: orphan"
    yield (
        "bad name",
        lambda lines: [lines[0], lines[1].replace(b'"s-0"', b'"s 0"'), *lines[2:]],
        "line 2: not a session id",
    )
    yield "other text", lambda lines: [line.replace(b"more (1)", b"more (9)") for line in lines], "not whole: chain"
    yield "no such pod", lambda lines: [line.replace(b'"ordinal":0', b'"ordinal":-1') for line in lines], "is no pod's"
    yield (
        "far too long",
        lambda lines: [*lines[:3], b" " * (65 << 20), *lines[4:]],
        "line 4: longer than 67,108,864 bytes",
    )


@pytest.mark.parametrize(("damage", "message"), [pytest.param(*rest, id=name) for name, *rest in broken()])
def test_import_of_a_broken_export_names_the_line_and_changes_nothing(
    damage: Damage, message: str, tmp_path: Path
) -> None:
    lines = exported(fill(tmp_path / "ours", sessions=1, turns=2))
    theirs = fill(tmp_path / "theirs", sessions=0)
    before = contents(theirs)
    with pytest.raises(ClientError, match=f"^told.jsonl: .*{message}"):
        imported(theirs, damage(lines))
    assert contents(theirs) == before


def broken_kept() -> Iterator[tuple[str, Damage, str]]:
    """The same for what is kept by id. Lines: 5 and 6 resources, 7 and 8 items, 9 end."""

    def other(at: int, **keys: object) -> Damage:
        return lambda lines: [*lines[:at], changed(lines[at], **keys), *lines[at + 1 :]]

    def resource(**keys: object) -> Damage:
        return lambda lines: other(5, resource=orjson.loads(lines[5])["resource"] | keys)(lines)

    yield "a resource lost", lambda lines: [*lines[:5], *lines[6:]], "line 9: it counts .*resources: 2.*resources: 1"
    yield "an item lost", lambda lines: [*lines[:7], *lines[8:]], "line 9: it counts .*items: 2; .*items: 1"
    yield "a resource twice", lambda lines: [*lines[:6], *lines[5:]], "line 7: the id resp_s-0_1-.* is taken"
    yield "an item twice", lambda lines: [*lines[:8], *lines[7:]], "line 9: an item belongs to a session, and its"
    yield (
        "an id twice",
        lambda lines: other(8, item=orjson.loads(lines[7])["item"])(lines),
        "line 9: the id .* is taken",
    )
    yield "items turned", lambda lines: [*lines[:7], lines[8], lines[7], lines[9]], "line 9: an item belongs to"
    yield "a resource of another", resource(session="s-1"), "line 6: a resource of session s-1 outside of it"
    yield "a resource of no turn", resource(turn="9-0123456789abcdef-0"), "line 6: session s-0 has no turn 9-"
    yield "an id of no length", resource(id=""), "line 6: an id has 1 to 128 bytes"
    yield "an id too long", resource(id="x" * 129), "line 6: an id has 1 to 128 bytes"
    yield "a list of no name", resource(lists=["a\0b"]), "line 6: the resource .* stands in lists that cannot be"
    yield "a stamp too large", resource(created_s=2**64 - 1), "line 10: session s-0 is not whole: stamp"
    yield "a stamp below 0", resource(created_s=-1), "line 6: not a line of type resource"
    yield "another key", resource(colour="red"), "line 6: not a line of type resource"
    yield "a body of none", resource(body=None), "line 6: not a line of type resource"
    yield "an item without id", other(7, item={}), "line 8: an item is an object with an id"
    yield "an item that is none", other(7, item=[]), "line 8: an item is an object with an id"
    yield "an item far away", other(8, position=2**32), "line 9: not a line of type item"
    yield "an item nowhere", other(7, position="0"), "line 8: an item belongs to a session, and its position"
    yield "format 1", other(0, format=1), "line 6: unknown type 'resource'"
    yield "lone resource", lambda lines: [lines[0], lines[5]], "line 2: a resource of session s-0 outside of it"
    yield "lone item", lambda lines: [lines[0], lines[7]], "line 2: an item belongs to a session"


@pytest.mark.parametrize(("damage", "message"), [pytest.param(*rest, id=name) for name, *rest in broken_kept()])
def test_import_of_broken_resources_and_items_names_the_line_and_changes_nothing(
    damage: Damage, message: str, tmp_path: Path
) -> None:
    lines = exported(kept(fill(tmp_path / "ours", sessions=1, turns=2)))
    theirs = fill(tmp_path / "theirs", sessions=0)
    before = contents(theirs)
    with pytest.raises(ClientError, match=f"^told.jsonl: .*({message})"):
        imported(theirs, damage(lines))
    assert contents(theirs) == before


def test_import_of_ids_that_another_session_has_changes_nothing(tmp_path: Path) -> None:
    lines = exported(kept(fill(tmp_path / "ours", sessions=1, turns=2)))
    theirs = fill(tmp_path / "theirs", sessions=0)
    with checked(theirs) as environment, environment.write() as view:
        touch(view, "other", 5)
        AppendItems("other", items_of("s-0", 2))(view)
    before = contents(theirs)
    with pytest.raises(ClientError, match="line 8: the id msg_s-0_0 is taken"):
        imported(theirs, lines)
    assert contents(theirs) == before


def test_import_of_an_export_of_format_1_is_what_it_was(tmp_path: Path) -> None:
    lines = exported(fill(tmp_path / "ours"))
    old = [changed(lines[0], format=1), *lines[1:-1], b'{"type":"end","sessions":3,"turns":12}']
    theirs = fill(tmp_path / "theirs", sessions=0)
    assert imported(theirs, old) == Imported(sessions=3, turns=12)
    assert without_meta(theirs) == without_meta(tmp_path / "ours")


@given(data=st.binary(max_size=60), place=st.integers(0, 5))
def test_import_of_any_bytes_is_refused(data: bytes, place: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lines = exported(fill(Path(folder, "ours"), sessions=1, turns=2))
        theirs = fill(Path(folder, "theirs"), sessions=0)
        with claim(theirs), Environment.open(theirs) as environment:
            with pytest.raises(ClientError, match="any: line "), environment.write() as view:
                ImportSessions(lambda: [*lines[:place], data, *lines[place:]], "any")(view)
            assert check(environment) == []
