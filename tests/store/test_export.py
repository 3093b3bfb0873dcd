"""An export has the sessions that were asked for, once, with all that they have."""

from pathlib import Path

import orjson
import pytest

from llmsim.errors import ClientError
from llmsim.store.environment import Environment
from llmsim.store.export import export_lines
from llmsim.store.resources import AppendItems, DeleteItem, PutResource
from tests.stored import checked, conversation, fill, items_of, shown


def exported(data_dir: Path, *ids: str) -> list[bytes]:
    with Environment.open(data_dir, readonly=True) as environment, environment.read() as view:
        return list(export_lines(view, ids or None))


def test_export_of_named_sessions_has_these_alone_and_once(tmp_path: Path) -> None:
    lines = exported(fill(tmp_path / "data"), "s-2", "s-0", "s-2")
    entries = [orjson.loads(line) for line in lines]
    assert [entry["session"]["id"] for entry in entries if entry["type"] == "session"] == ["s-2", "s-0"]
    assert [entry["type"] for entry in entries].count("profile") == 1
    assert entries[0] == {"type": "export", "format": 3}
    assert entries[-1] == {"type": "end", "sessions": 2, "turns": 8, "resources": 0, "items": 0}
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)


def test_export_has_what_is_kept_by_id_behind_the_turns(tmp_path: Path) -> None:
    data_dir = fill(tmp_path / "data", sessions=2, turns=1)
    [turn] = conversation("s-1", 1)
    with checked(data_dir) as environment, environment.write() as view:
        PutResource(shown(turn, id="resp_1", lists=("all",), body={"said": "é"}))(view)
        AppendItems("s-1", items_of("s-1", 3))(view)
        DeleteItem("msg_s-1_1")(view)
    entries = [orjson.loads(line) for line in exported(data_dir)]
    kinds = ["export", "session", "profile", "turn", "session", "turn", "resource", "item", "item", "end"]
    assert [entry["type"] for entry in entries] == kinds
    assert entries[6]["resource"] == {
        "id": "resp_1", "session": "s-1", "kind": "test.response", "created_s": turn.created_s, "body": {"said": "é"},
        "turn": str(turn.key), "lists": ["all"],
    }  # fmt: skip
    assert entries[8] == {"type": "item", "position": 2, "item": {"id": "msg_s-1_2", "said": "an item"}}
    assert entries[-1] == {"type": "end", "sessions": 2, "turns": 2, "resources": 1, "items": 2}


def test_export_of_an_unknown_session_names_it(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="Session 'nobody' not found"):
        exported(fill(tmp_path / "data"), "s-0", "nobody")
