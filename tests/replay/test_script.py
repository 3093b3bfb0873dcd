"""Session scripts: what is read, what is refused and in which words, and whose replies are scripted."""

import re
import typing
from pathlib import Path

import attrs
import pytest

from llmsim.catalog import scripts_dir
from llmsim.errors import OperatorError
from llmsim.replay.script import (
    Dialect,
    Script,
    load_scripts,
    numbered,
    parse_script,
    parts,
    scripted_by,
    spoken,
)
from llmsim.turn import FinishReason, Scripted, ToolCall

SHIPPED = sorted(scripts_dir().glob("*.toml"))
README = (scripts_dir() / "README.md").read_text()
MINIMAL = 'summary = "x"\n[[session]]\nid = "s"\n'
FIRST = "@ $.session[0].turn[0]"


def parse(text: str) -> Script:
    return parse_script(text.encode(), "mine", "mine.toml")


def with_turns(*turns: str, session: str = "") -> Script:
    """A script of one session with these turns, each the inside of a TOML table."""
    return parse(MINIMAL + session + "turn = [" + ", ".join(f"{{ {turn} }}" for turn in turns) + "]")


def test_script_of_the_required_keys_has_the_documented_defaults() -> None:
    script = with_turns('user = "Hi"')
    [part] = parts(script)
    assert (script.name, part.session, part.start_us, part.model) == ("mine", "s", 0, "gpt-4o-mini")
    assert (part.stream, part.server_history, part.system, part.params) == (True, False, None, {})
    [turn] = part.turns
    assert (turn.user, turn.think_s, turn.expect, turn.finish, turn.reply, turn.back_to) == (
        "Hi",
        0,
        (),
        None,
        None,
        None,
    )


def test_session_says_over_script_and_copies_begin_one_after_another() -> None:
    text = """
    summary = "x"
    model = "a"
    stream = false
    params = { max_tokens = 5, n = 2 }
    [[session]]
    id = "s"
    start_s = 1.5
    repeat = 3
    every_s = 0.25
    model = "b"
    stream = true
    params = { max_tokens = 6 }
    turn = [{ user = "Hi", finish = "length" }]
    """
    found = list(parts(parse(text)))
    assert [(part.session, part.start_us) for part in found] == [("s-0", 1500000), ("s-1", 1750000), ("s-2", 2000000)]
    assert {part.model for part in found} == {"b"}
    assert all(part.stream for part in found)
    assert found[0].params == {"max_tokens": 6, "n": 2}
    assert found[0].turns[0].finish is FinishReason.LENGTH


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("summary = ", "mine.toml: not TOML: "),
        ('summary = "x"', "mine.toml: missing key @ $.session"),
        ('summary = "x"\nsession = []', "'session'"),
        ('name = "x"', "mine.toml: unknown key 'name': a script is named after its file @ $"),
        (MINIMAL + 'turn = [{ user = "Hi", think = 1 }]', f"unknown key 'think' (did you mean 'think_s'?) {FIRST}"),
        (MINIMAL + "turn = [{ user = 5 }]", f"expected a text, not a number {FIRST}.user"),
        (MINIMAL + 'turn = [{ user = "" }]', "'user'"),
        (MINIMAL + 'turn = [{ user = "Hi", think_s = -1 }]', "'think_s' must be >= 0.0"),
        (MINIMAL + 'turn = [{ user = "Hi", think_s = 86401 }]', "'think_s' must be <= 86400.0"),
        (MINIMAL + 'turn = [{ user = "Hi", think_s = inf }]', f"finite number {FIRST}.think_s"),
        (MINIMAL + 'turn = [{ user = "Hi", finish = "stopp" }]', f"did you mean 'stop'?) {FIRST}.finish"),
        (MINIMAL + 'turn = [{ user = "Hi", expect = ["("] }]', "'expect' '(' is no regular expression: "),
        (MINIMAL + 'turn = [{ user = "Hi", expect = "x" }]', f"expected a list, not a text {FIRST}.expect"),
        (MINIMAL + 'turn = [{ user = "Hi", params = [1] }]', f"expected a table, not a list {FIRST}.params"),
        (MINIMAL + 'turn = [{ user = "Hi", params = { model = "x" } }]', "'params' has 'model'"),
        (MINIMAL + 'params = { messages = [] }\nturn = [{ user = "Hi" }]', "'params' has 'messages'"),
        ("params = { stream = true }\n" + MINIMAL + 'turn = [{ user = "Hi" }]', "'params' has 'stream'"),
        (MINIMAL + "repeat = 0\nturn = [{ user = 'Hi' }]", "'repeat' must be >= 1"),
        (MINIMAL + "repeat = 10001\nturn = [{ user = 'Hi' }]", "'repeat' must be <= 10000"),
        (MINIMAL + 'history = "sever"\nturn = [{ user = "Hi" }]', "did you mean 'server'?) @ $.session[0].history"),
        (MINIMAL + "turn = []", "'turn'"),
        (MINIMAL.replace('"s"', '".."') + 'turn = [{ user = "Hi" }]', "'id' '..': expected 1 to 120 characters of"),
        (MINIMAL.replace('"s"', '"a b"') + 'turn = [{ user = "Hi" }]', "'id' 'a b': expected 1 to 120 characters of"),
    ],
)  # fmt: skip
def test_fault_is_named_with_file_and_key_path(text: str, fault: str) -> None:
    with pytest.raises(OperatorError, match=re.escape(fault)) as caught:
        parse(text)
    assert all(line.startswith("mine.toml: ") for line in str(caught.value).splitlines())


def test_every_fault_is_told_at_once() -> None:
    text = MINIMAL + 'turn = [{ user = 1 }, { user = "Hi", thinks = 2 }]\nstart = 1'
    with pytest.raises(OperatorError) as caught:
        parse(text)
    assert len(str(caught.value).splitlines()) == 3


@pytest.mark.parametrize(
    ("turns", "session", "fault"),
    [
        (['user = "a", back_to = 1'], "", "'back_to' 1: the conversation has come to turn 0"),
        (['user = "a"', 'user = "b", back_to = 2'], "", "'back_to' 2: the conversation has come to turn 1"),
        (['user = "a"', 'user = "b"', 'user = "c", back_to = 1', 'user = "d", back_to = 2'], "", "come to turn 1"),
        (['user = "a"', 'user = "b", back_to = 0'], "", "'back_to' is a turn number, from 1"),
        (['user = "a", reply = "x"', 'user = "a", reply = "y", back_to = 1'], "", "different replies"),
        (['user = "a", reply = "x"', 'user = "a", back_to = 1'], "", "different replies"),
        (["think_s = 1"], "", "a turn has a 'user' who says something, 'tool_results', or both"),
        (['user = "a"', 'tool_results = ["x"], back_to = 1'], "", "'tool_results' go on from the reply before"),
        (['user = "a", refusal = "no", reply = "yes"'], "", "'refusal' is said instead of a 'reply'"),
        (['user = "a", reasoning = "hm"'], "", "'reasoning' comes before a 'reply', 'calls' or a 'refusal'"),
    ],
)
def test_conversation_that_cannot_be_held_is_refused(turns: list[str], session: str, fault: str) -> None:
    with pytest.raises(OperatorError, match=re.escape(fault)) as caught:
        with_turns(*turns, session=session)
    assert str(caught.value).startswith("mine.toml: ")
    assert "@ $.session[0]" in str(caught.value)


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ('history = "server"', "'back_to' needs the client's history: the server's cannot go back"),
        ('history = "server"\ndialect = "gemini"', "'back_to' needs the client's history"),
        ('history = "conversation"\ndialect = "openai.responses"', "'back_to' needs the client's history"),
        ('history = "conversation"', "'history' 'conversation': the dialect 'openai.chat' has none"),
        ('dialect = "gemin"', "not 'gemin' (did you mean 'gemini'?)"),
    ],
)
def test_history_that_a_dialect_does_not_have_is_refused(script: str, fault: str) -> None:
    with pytest.raises(OperatorError, match=re.escape(fault)):
        with_turns('user = "a"', 'user = "b", back_to = 1', session=script + "\n")


def test_any_response_can_be_gone_on_from() -> None:
    session = 'history = "server"\ndialect = "openai.responses"\n'
    assert len(with_turns('user = "a"', 'user = "b", back_to = 1', session=session).session[0].turn) == 2


@pytest.mark.parametrize("key", ["messages", "input", "contents", "model", "stream", "system", "previous_response_id"])
def test_request_keys_that_the_script_says_elsewhere_are_refused(key: str) -> None:
    with pytest.raises(OperatorError, match=f"'params' has '{key}', which the script says elsewhere"):
        with_turns('user = "a"', session=f"params = {{ {key} = 1 }}\n")


def test_session_says_its_dialect_over_the_script() -> None:
    text = 'dialect = "gemini"\n' + MINIMAL + 'turn = [{ user = "a" }]\n'
    text += '[[session]]\nid = "t"\ndialect = "openai.chat"\nturn = [{ user = "a" }]'
    assert [part.dialect for part in parts(parse(text))] == [Dialect.GEMINI, Dialect.CHAT]


def test_what_the_user_said_last_holds_for_turns_in_which_tools_answer() -> None:
    turns = ('user = "a", calls = [{ name = "f" }]', 'tool_results = ["x"]', 'user = "b", back_to = 1', 'user = "c"')
    said = [(number, text) for number, text, _ in spoken(with_turns(*turns).session[0].turn)]
    assert said == [(1, "a"), (2, "a"), (1, "b"), (2, "c")]


def test_turn_puts_words_thoughts_calls_or_a_refusal_into_the_model_s_mouth() -> None:
    turns = (
        'user = "a", reply = "r", reasoning = "t", calls = [{ name = "f", arguments = { a = [1, "x"] } }]',
        'user = "b", refusal = "no"',
        'user = "c"',
    )
    scripted = [scripted_by(turn) for turn in with_turns(*turns).session[0].turn]
    call = ToolCall("", "f", '{"a":[1,"x"]}')
    assert scripted == [Scripted("r", "t", (call,)), Scripted("no", refused=True), None]


def test_turns_are_numbered_as_the_conversation_goes() -> None:
    script = with_turns('user = "a"', 'user = "b"', 'user = "c", back_to = 2', 'user = "d"', 'user = "e", back_to = 1')
    assert [number for number, _ in numbered(script.session[0].turn)] == [1, 2, 2, 3, 1]


def test_two_sessions_of_one_name_are_refused_within_a_script_and_between_scripts(tmp_path: Path) -> None:
    turn = 'turn = [{ user = "Hi" }]\n'
    with pytest.raises(OperatorError, match=r"two sessions are called 's-1' @ \$"):
        parse(f'{MINIMAL}repeat = 2\n{turn}[[session]]\nid = "s-1"\n{turn}')
    for name in ("one", "two"):
        (tmp_path / f"{name}.toml").write_text(MINIMAL + turn)
    with pytest.raises(OperatorError, match="session 's' is in 'one' and in 'two'"):
        load_scripts([tmp_path / "one.toml", tmp_path / "two.toml"])


def test_file_that_is_missing_or_no_text_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"none\.toml: no such file or directory"):
        load_scripts([tmp_path / "none.toml"])
    with pytest.raises(OperatorError, match="is a directory"):
        load_scripts([tmp_path])
    (tmp_path / "bad.toml").write_bytes(b"\xff")
    with pytest.raises(OperatorError, match=r"bad\.toml: not UTF-8 at byte 0"):
        load_scripts([tmp_path / "bad.toml"])


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_script_loads_and_can_be_played_beside_the_others(path: Path) -> None:
    [script] = load_scripts([path])
    assert script.summary.endswith(tuple("abcdefghijklmnopqrstuvwxyz"))
    assert path.read_text().startswith("# ")


def test_shipped_scripts_cover_every_key_and_an_hour() -> None:
    assert len(SHIPPED) >= 7
    scripts = load_scripts(SHIPPED)
    assert sum(max(part.start_us for part in parts(script)) for script in scripts) >= 3_500e6
    text = "\n".join(path.read_text() for path in SHIPPED)
    keys = {path.split(".")[-1] for path in key_paths(Script)} - {"name"}
    assert {key for key in keys if re.search(rf"\b{key}\b", text) is None} == set()


def key_paths(kind: type, prefix: str = "") -> set[str]:
    """The path of every key that a class may have in a script."""
    paths = set()
    hints = typing.get_type_hints(kind)
    for field in attrs.fields(kind):
        path = f"{prefix}{field.name}"
        paths.add(path)
        for part in (hints[field.name], *typing.get_args(hints[field.name])):
            if attrs.has(part):
                paths |= key_paths(part, f"{path}.")
    return paths


def test_readme_documents_every_key_and_no_other() -> None:
    keys = README.split("## Keys")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `([\w.]+)`", keys, re.MULTILINE)) == key_paths(Script) - {"name"}


def test_readme_says_first_that_live_sessions_are_elsewhere_and_names_every_script() -> None:
    first = next(line for line in README.splitlines() if line and not line.startswith("#"))
    assert "live sessions are in the store, never here" in first
    table = README.split("## Keys")[0]
    assert set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE)) == {path.stem for path in SHIPPED}
