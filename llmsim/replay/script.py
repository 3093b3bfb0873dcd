"""Session scripts: conversations written down in TOML, to be played, and replies to be put into the model's mouth.

Read strictly, like profiles: an unknown key or a wrong type is an OperatorError with file and key path.
`sessions/README.md` documents every key. Knows no client and no server.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

import attrs
import orjson
from attrs.validators import and_, ge, le, max_len, min_len, optional

from llmsim import strict
from llmsim.catalog import scripts_dir
from llmsim.errors import OperatorError
from llmsim.turn import FinishReason, Scripted, ToolCall

REPEAT_MAX = 10_000
"""Copies of one session: as many as a virtual replay plays in minutes."""
LONGEST_S = 86_400.0
"""Longest offset or think time: a day."""
_SECONDS = and_(ge(0.0), le(LONGEST_S))
_KEYS_OF_THEIR_OWN = (
    *("model", "stream", "messages", "input", "contents"),
    *("system", "instructions", "systemInstruction", "system_instruction"),
    *("conversation", "previous_response_id"),
)
"""Request keys of some dialect that a script says in words of its own."""


def _id(_owner: object, _field: object, text: str) -> None:
    if re.fullmatch(r"[A-Za-z0-9._:-]{1,120}", text) is None or text in {".", ".."}:
        raise ValueError(f"'id' {text!r}: expected 1 to 120 characters of A-Z a-z 0-9 . _ : -")


def _params(_owner: object, _field: object, params: Mapping[str, Any]) -> None:
    for key in _KEYS_OF_THEIR_OWN:
        if key in params:
            raise ValueError(f"'params' has {key!r}, which the script says elsewhere")


class Dialect(StrEnum):
    """In which provider's words a session is played."""

    CHAT = "openai.chat"
    RESPONSES = "openai.responses"
    ANTHROPIC = "anthropic.messages"
    GEMINI = "gemini"


class History(StrEnum):
    """Who remembers: the client sends all messages each time, or only new ones to a server that knows the others.

    `conversation`: the server, in what the provider's API has for it: a conversation that the client makes first, or a
    message thread.
    """

    CLIENT = "client"
    SERVER = "server"
    CONVERSATION = "conversation"


KEEPING = (Dialect.RESPONSES, Dialect.ANTHROPIC)
"""Dialects whose servers keep conversations."""


@attrs.frozen
class ScriptCall:
    """A call of a tool that a model is made to do."""

    name: str = attrs.field(validator=min_len(1))
    arguments: dict[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class ScriptTurn:
    """One turn: what the user says, `think_s` seconds after the reply before it was complete.

    `tool_results` are what the calls of the reply before gave, in their order, with or without the user saying
    anything. `expect`: regular expressions of which the reply must contain a match. `expect_calls`: the names of the
    tools that it must call. `finish`: the finish reason it must have. `reply`, `reasoning`, `calls`: what the model is
    made to say, to think and to call; `refusal`: it is made to refuse, with these words. `back_to`: a turn number; the
    conversation is first taken back to before that turn, so that this one takes its place on a branch of its own.
    `params`: request keys over the session's.
    """

    user: str | None = attrs.field(default=None, validator=optional(min_len(1)))
    tool_results: tuple[Any, ...] = ()
    think_s: float = attrs.field(default=0.0, validator=_SECONDS)
    expect: tuple[str, ...] = ()
    expect_calls: tuple[str, ...] | None = None
    finish: FinishReason | None = None
    reply: str | None = None
    reasoning: str | None = None
    calls: tuple[ScriptCall, ...] = ()
    refusal: str | None = None
    back_to: int | None = attrs.field(default=None)
    params: dict[str, Any] = attrs.field(factory=dict, validator=_params)

    def __attrs_post_init__(self) -> None:
        if self.user is None and not self.tool_results:
            raise ValueError("a turn has a 'user' who says something, 'tool_results', or both")
        if self.tool_results and self.back_to is not None:
            raise ValueError("'tool_results' go on from the reply before, 'back_to' from another one")
        if self.reasoning is not None and scripted_by(self) is None:
            raise ValueError("'reasoning' comes before a 'reply', 'calls' or a 'refusal', and none is there")
        if self.refusal is not None and (self.reply is not None or self.calls):
            raise ValueError("'refusal' is said instead of a 'reply', and nothing is called")
        if self.back_to is not None and self.back_to < 1:
            raise ValueError("'back_to' is a turn number, from 1")
        for pattern in self.expect:
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"'expect' {pattern!r} is no regular expression: {error}") from None


@attrs.frozen
class ScriptSession:
    """One session, or `repeat` of them, `id-0` and on, each `every_s` seconds after the one before."""

    id: str = attrs.field(validator=_id)
    turn: tuple[ScriptTurn, ...] = attrs.field(validator=min_len(1))
    start_s: float = attrs.field(default=0.0, validator=_SECONDS)
    repeat: int = attrs.field(default=1, validator=and_(ge(1), le(REPEAT_MAX)))
    every_s: float = attrs.field(default=0.0, validator=_SECONDS)
    model: str | None = None
    system: str | None = None
    dialect: Dialect | None = None
    history: History = History.CLIENT
    stream: bool | None = None
    params: dict[str, Any] = attrs.field(factory=dict, validator=_params)

    def __attrs_post_init__(self) -> None:
        reached = 0
        replies: dict[tuple[int, str], Scripted | None] = {}
        for number, said, turn in spoken(self.turn):
            if turn.back_to is not None and turn.back_to > reached:
                raise ValueError(f"'back_to' {turn.back_to}: the conversation has come to turn {reached}")
            scripted = scripted_by(turn)
            if replies.setdefault((number, said), scripted) != scripted:
                raise ValueError(f"two turns {number} have the user's {said!r} and different replies")
            reached = number


@attrs.frozen
class Script:
    """A file: its sessions, and what holds for all of them unless they say otherwise."""

    name: str
    summary: str = attrs.field(validator=and_(min_len(1), max_len(200)))
    session: tuple[ScriptSession, ...] = attrs.field(validator=min_len(1))
    dialect: Dialect = Dialect.CHAT
    model: str = "gpt-4o-mini"
    stream: bool = True
    params: dict[str, Any] = attrs.field(factory=dict, validator=_params)

    def __attrs_post_init__(self) -> None:
        ids = set()
        for part in parts(self):
            if part.session in ids:
                raise ValueError(f"two sessions are called {part.session!r}")
            ids.add(part.session)
            if part.history is History.CONVERSATION and part.dialect not in KEEPING:
                raise ValueError(f"'history' {part.history.value!r}: the dialect {part.dialect.value!r} has none")
            if any(turn.back_to is not None for turn in part.turns) and not part.goes_back:
                raise ValueError("'back_to' needs the client's history: the server's cannot go back")


@attrs.frozen
class Part:
    """One session to be played: its id, its model, and the turns with their request keys all told."""

    session: str
    start_us: int
    model: str
    system: str | None
    history: History
    stream: bool
    params: dict[str, Any]
    turns: tuple[ScriptTurn, ...]
    dialect: Dialect = Dialect.CHAT

    @property
    def server_history(self) -> bool:
        """Whether the server remembers what was said."""
        return self.history is not History.CLIENT

    @property
    def goes_back(self) -> bool:
        """Whether the conversation can be taken back: it is the client's, or any response can be gone on from."""
        return self.history is History.CLIENT or (self.dialect is Dialect.RESPONSES and self.history is History.SERVER)


def shipped() -> list[str]:
    """The names of the shipped scripts."""
    return sorted(path.stem for path in scripts_dir().glob("*.toml"))


def found(name: str) -> Path:
    """The file of a script: a path, or the name of a shipped one; raises OperatorError."""
    path = Path(name)
    if path.is_file() or path.suffix or len(path.parts) > 1:
        return path
    if name not in shipped():
        near = strict.nearest(name, shipped())
        raise OperatorError(f"no file and no shipped script is called {name!r}{near}; shipped: {', '.join(shipped())}")
    return scripts_dir() / f"{name}.toml"


def load_scripts(paths: Iterable[Path]) -> tuple[Script, ...]:
    """Scripts from files.

    Raises:
        OperatorError: a file cannot be read or is no script, or two of them play one session.
    """
    scripts = tuple(_load(path) for path in paths)
    owner: dict[str, str] = {}
    for script in scripts:
        for part in parts(script):
            if part.session in owner:
                raise OperatorError(f"session {part.session!r} is in {owner[part.session]!r} and in {script.name!r}")
            owner[part.session] = script.name
    return scripts


def parse_script(text: bytes, name: str, file: str) -> Script:
    """A script from TOML; raises OperatorError with one line for each fault."""
    table = strict.parse_toml(text, file)
    if "name" in table:
        raise OperatorError(f"{file}: unknown key 'name': a script is named after its file @ $")
    return strict.structure({**table, "name": name}, Script, file, _CONVERTER)


def parts(script: Script) -> Iterator[Part]:
    """The sessions of a script, copies written out, in the order of the file."""
    for session in script.session:
        for copy in range(session.repeat):
            yield Part(
                session=session.id if session.repeat == 1 else f"{session.id}-{copy}",
                start_us=round((session.start_s + copy * session.every_s) * 1e6),
                model=session.model or script.model,
                system=session.system,
                history=session.history,
                stream=script.stream if session.stream is None else session.stream,
                params={**script.params, **session.params},
                turns=session.turn,
                dialect=session.dialect or script.dialect,
            )


def numbered(turns: Iterable[ScriptTurn]) -> Iterator[tuple[int, ScriptTurn]]:
    """Each turn with the number that it has in its conversation."""
    number = 0
    for turn in turns:
        number = turn.back_to if turn.back_to is not None else number + 1
        yield number, turn


def spoken(turns: Iterable[ScriptTurn]) -> Iterator[tuple[int, str, ScriptTurn]]:
    """Each turn with its number, and with what the user said last, in it or before it."""
    said: dict[int, str] = {0: ""}
    for number, turn in numbered(turns):
        said[number] = turn.user if turn.user is not None else said.get(number - 1, "")
        yield number, said[number], turn


def scripted_by(turn: ScriptTurn) -> Scripted | None:
    """What a turn puts into the model's mouth; None where that is the model's own."""
    if turn.refusal is not None:
        return Scripted(turn.refusal, turn.reasoning or "", refused=True)
    if turn.reply is None and not turn.calls:
        return None
    calls = tuple([ToolCall("", call.name, orjson.dumps(call.arguments).decode()) for call in turn.calls])
    return Scripted(turn.reply or "", turn.reasoning or "", calls)


def _load(path: Path) -> Script:
    try:
        text = path.read_bytes()
    except OSError as error:
        raise OperatorError(f"{path}: {(error.strerror or str(error)).lower()}") from None
    return parse_script(text, path.stem, str(path))


_CONVERTER = strict.converter()
