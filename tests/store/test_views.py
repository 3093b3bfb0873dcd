"""Records as dicts, and the turn that a number or an id means."""

import orjson
import pytest

from llmsim.store.schema import Ending, Origin, Outcome, Resource, Session, Turn, TurnKey
from llmsim.store.views import (
    NoSuchTurn,
    branch_to,
    find_turn,
    session_detail,
    session_page,
    session_view,
    tree_view,
    turn_view,
)
from llmsim.turn import FinishReason, Message, Reply, Role, ToolCall, Usage

ROOT = TurnKey(1, b"a" * 8)
LEFT = TurnKey(2, b"l" * 8)
RIGHT = TurnKey(2, b"r" * 8)
LEAF = TurnKey(3, b"e" * 8)
PARENTS = {ROOT: None, LEFT: ROOT, RIGHT: ROOT, LEAF: RIGHT}
STORED = PARENTS.__contains__
SESSION = Session(id="ada", created_s=100, updated_s=220, turns=4, tip=LEAF)

TURN = Turn(
    session="ada",
    key=LEAF,
    parent=RIGHT,
    parent_choice=1,
    messages=(
        Message(Role.TOOL, "21 degrees", tool_call_id="call_1"),
        Message(Role.ASSISTANT, "", tool_calls=(ToolCall("call_2", "weather", "{}"),)),
        Message(Role.USER, "and now?", name="ada"),
    ),
    chain=b"c" * 16,
    dialect="openai-chat",
    params={"model": "gpt-4o"},
    request_digest=b"d" * 16,
    origin=Origin(root_seed=2**64 - 1, ordinal=2, session="ada"),
    profile=b"p" * 16,
    plan_version=1,
    replies=(Reply("21", FinishReason.LENGTH),),
    usage=Usage(prompt_tokens=7, completion_tokens=1),
    created_s=220,
)


def test_session_view_names_tip_as_turn_id() -> None:
    assert session_view(SESSION) == {
        "object": "llmsim.session",
        "id": "ada",
        "created_at": 100,
        "updated_at": 220,
        "turns": 4,
        "tip": "3-6565656565656565-0",
        "forked_from": None,
    }


def test_session_detail_has_the_first_resources_and_counts_all() -> None:
    kept = [Resource(f"resp_{number}", "ada", "test", 100, {"not": "shown"}, LEAF) for number in range(150)]
    kept[1] = Resource("conv_1", "ada", "test.conversation", 101, {}, lists=("all",))
    found = session_detail(SESSION, iter(kept), (150, 7))
    assert {key: found[key] for key in session_view(SESSION)} == session_view(SESSION)
    assert found["resources"]["data"][:2] == [
        {"id": "resp_0", "kind": "test", "created_at": 100, "turn": "3-6565656565656565-0"},
        {"id": "conv_1", "kind": "test.conversation", "created_at": 101, "turn": None},
    ]
    assert (len(found["resources"]["data"]), found["resources"]["count"], found["items"]) == (100, 150, {"count": 7})


def test_session_page_with_one_more_than_the_limit_has_more() -> None:
    page = session_page(iter([SESSION, SESSION, SESSION]), limit=2)
    assert (len(page["data"]), page["has_more"], page["last_id"]) == (2, True, "ada")


def test_session_page_of_nothing_has_no_last_id() -> None:
    assert session_page([], limit=2) == {"object": "list", "data": [], "has_more": False, "last_id": None}


def test_turn_view_holds_everything_and_is_json() -> None:
    view = turn_view(TURN, Outcome(Ending.CLIENT_LEFT, 3))
    assert orjson.loads(orjson.dumps(view)) == view
    assert view["messages"] == [
        {"role": "tool", "content": "21 degrees", "tool_call_id": "call_1"},
        {"role": "assistant", "content": "", "tool_calls": [{"id": "call_2", "name": "weather", "arguments": "{}"}]},
        {"role": "user", "content": "and now?", "name": "ada"},
    ]
    assert view["outcome"] == {"ending": "client_left", "delivered": 3}
    assert view["usage"]["total_tokens"] == 8
    assert view["parent"] == "2-7272727272727272-0"


def test_turn_view_without_an_outcome_says_null() -> None:
    assert turn_view(TURN, None)["outcome"] is None


def test_tree_view_of_two_branches_lists_both() -> None:
    view = tree_view(PARENTS)
    assert view["roots"] == [str(ROOT)]
    assert view["children"] == {str(ROOT): [str(LEFT), str(RIGHT)], str(RIGHT): [str(LEAF)]}
    assert view["leaves"] == [str(LEFT), str(LEAF)]


def test_branch_to_a_leaf_begins_at_its_root() -> None:
    assert branch_to(LEAF, PARENTS) == [ROOT, RIGHT, LEAF]


@pytest.mark.parametrize(("asked", "found"), [("1", ROOT), ("2", RIGHT), ("3", LEAF), (str(LEFT), LEFT)])
def test_find_turn_by_number_prefers_the_branch_of_the_tip(asked: str, found: TurnKey) -> None:
    assert find_turn(asked, LEAF, STORED, lambda: PARENTS) == found


def test_find_turn_off_the_branch_finds_the_only_one_of_its_number() -> None:
    assert find_turn("3", LEFT, STORED, lambda: PARENTS) == LEAF


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("4", "no turn 4: the session has turns 1 to 3"),
        ("2-0000000000000000-0", "no turn 2-0000000000000000-0: there is 2-6c6c6c6c6c6c6c6c-0, 2-7272727272727272-0"),
        ("9-0000000000000000-0", "no turn 9-0000000000000000-0"),
        ("second", "a turn id looks like 3-0123456789abcdef-0, not 'second'; a turn number will do too"),
        ("²", "a turn id looks like"),
    ],
)
def test_find_turn_that_is_not_there_says_what_is(asked: str, message: str) -> None:
    with pytest.raises(NoSuchTurn, match=f"^{message}"):
        find_turn(asked, LEAF, STORED, lambda: PARENTS)


def test_find_turn_in_a_session_of_one_says_so() -> None:
    with pytest.raises(NoSuchTurn, match="no turn 2: the session has turn 1 alone"):
        find_turn("2", ROOT, {ROOT}.__contains__, lambda: {ROOT: None})


def test_find_turn_with_several_of_its_number_names_them() -> None:
    other = TurnKey(1, b"o" * 8)
    with pytest.raises(NoSuchTurn, match=f"turn 2 is ambiguous: there is {LEFT}, {RIGHT}"):
        find_turn("2", other, STORED, lambda: {**PARENTS, other: None})
