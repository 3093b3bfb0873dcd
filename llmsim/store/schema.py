"""What the store holds: keys, records and FORMAT_VERSION. Pure; LMDB is not known here.

A key's `number` is 4 bytes, `branch` 8, `attempt` 4, all big-endian, so that key order is turn order. A session id is 1
to 128 characters of `[A-Za-z0-9._:-]` and never holds the 00 byte. A position is 4 bytes, a stamp 8. Records are JSON
(sorted keys, UTF-8), but for the journal's; `checksums.py` says what follows each. Format 1 had no table below
`profiles`, format 2 no journal; they are read as if those were empty. Neither had checksums.
The schedule of a turn is never stored: it is computed again from the plan.
"""

import hashlib
import re
from enum import StrEnum
from typing import Any, Self

import attrs

from llmsim.turn import Message, Reply, Scripted, Usage

FORMAT_VERSION = 3
READABLE_FORMATS = frozenset(range(1, FORMAT_VERSION + 1))
"""What this release reads. A store that is opened for writing becomes one of FORMAT_VERSION."""
STORED_SESSION_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")
"""What sessions of a store may be called. Two of these names, `.` and `..`, are given to no new session."""
SESSION_ID = re.compile(rf"(?!\.\.?\Z){STORED_SESSION_ID.pattern}")
SESSION_ID_FORM = "1 to 128 characters of A-Z a-z 0-9 . _ : -, but neither . nor .."
"""What SESSION_ID takes, in words. Clients resolve the two as path segments, so that no URL would lead to them."""
TURN_ID = re.compile(r"(0|[1-9][0-9]{0,8})-([0-9a-f]{16})-(0|[1-9][0-9]{0,8})")
SEPARATOR = b"\x00"


class Table(StrEnum):
    """The tables, by the names that they have in the file.

    | table         | key                              | record                                                     |
    |---------------|----------------------------------|------------------------------------------------------------|
    | `meta`        | `store`                          | `Meta`: format, root seed, ordinal, creation               |
    |               | `archive`                        | `Archived`: how far the store is archived elsewhere        |
    | `sessions`    | session                          | `Session`: summary, kept in step with its turns            |
    | `turns`       | session 00 number branch attempt | `Turn`: what was asked, and what was answered              |
    | `outcomes`    | as `turns`                       | `Outcome`: how the response ended                          |
    | `heads`       | session 00 chain digest          | key (without session) and choice whose reply ends there    |
    | `idempotency` | session 00 digest of client key  | key (without session) of the turn that answered it         |
    | `profiles`    | profile digest                   | the profile as TOML-equivalent JSON                        |
    | `resources`   | session 00 id                    | `Resource`: what a provider's API calls by an id           |
    | `items`       | session 00 position              | one item of a conversation, as JSON                        |
    | `names`       | id of a resource or an item      | the key of its record, behind `r` or `i`                   |
    | `lists`       | list 00 stamp id                 | session; the resources of one list, oldest first           |
    | `counters`    | digest                           | how often something was made that nothing else tells apart |
    | `journal`     | sequence, 8 bytes                | what a commit changed that is not archived yet             |
    """

    META = "meta"
    SESSIONS = "sessions"
    TURNS = "turns"
    OUTCOMES = "outcomes"
    HEADS = "heads"
    IDEMPOTENCY = "idempotency"
    PROFILES = "profiles"
    RESOURCES = "resources"
    ITEMS = "items"
    NAMES = "names"
    LISTS = "lists"
    COUNTERS = "counters"
    JOURNAL = "journal"


SINCE_FORMAT = {
    2: (Table.RESOURCES, Table.ITEMS, Table.NAMES, Table.LISTS, Table.COUNTERS),
    3: (Table.JOURNAL,),
}
SUMS_SINCE = 3
"""The first format whose records have checksums."""
"""The tables that each format after the first has brought."""
OF_SESSIONS = (Table.TURNS, Table.OUTCOMES, Table.HEADS, Table.IDEMPOTENCY, Table.RESOURCES, Table.ITEMS)
"""Tables whose keys begin with a session."""


META_KEY = b"store"
ARCHIVE_KEY = b"archive"


@attrs.frozen(order=True)
class TurnKey:
    """Where a turn stands within its session; its text form is `NUMBER-BRANCH-ATTEMPT`, such as `3-9f0c…-0`.

    `branch` (8 bytes) tells turns of one number apart: a digest of the turn's place and its request's digest.
    """

    number: int
    branch: bytes
    attempt: int = 0

    def pack(self) -> bytes:
        return self.number.to_bytes(4) + self.branch + self.attempt.to_bytes(4)

    @classmethod
    def unpack(cls, data: bytes) -> Self:
        if len(data) != 16:
            msg = f"a turn key has 16 bytes, not {len(data)}"
            raise ValueError(msg)
        return cls(int.from_bytes(data[:4]), data[4:12], int.from_bytes(data[12:]))

    @classmethod
    def parse(cls, text: str) -> Self:
        match = TURN_ID.fullmatch(text)
        if match is None:
            msg = f"a turn id looks like 3-0123456789abcdef-0, not {text!r}"
            raise ValueError(msg)
        return cls(int(match[1]), bytes.fromhex(match[2]), int(match[3]))

    def __str__(self) -> str:
        return f"{self.number}-{self.branch.hex()}-{self.attempt}"


@attrs.frozen
class Meta:
    """Whose store this is. `created_s` is unix seconds; `root_seed` 0 to 2**64 - 1."""

    root_seed: int
    ordinal: int
    created_s: int
    format: int = FORMAT_VERSION


@attrs.frozen
class Archived:
    """How far a store is archived: the last journal entry that is durable elsewhere.

    `generation` names the archive since it began; `digest` is that of the last segment, empty before the first;
    `stamp_ms` (unix milliseconds) and `turns` are those of the entry.
    """

    generation: str
    sequence: int
    stamp_ms: int
    turns: int
    digest: bytes


@attrs.frozen
class Origin:
    """Under which root seed, ordinal and session a turn was drawn: a fork, an adopted or an imported turn keeps it."""

    root_seed: int
    ordinal: int
    session: str


@attrs.frozen
class Turn:
    """One turn: its inputs (enough to draw it again) and its content.

    `parent` and `parent_choice` name the turn and choice whose reply the conversation continues, None at a root;
    `messages` are those said since. `chain` is the digest of all messages before the reply. `params` are the request
    keys that its dialect needs to build the request and the response again. `script` is the reply that a session
    script put into the model's mouth. `created_s` is the stamp in the response, unix seconds.
    """

    session: str
    key: TurnKey
    parent: TurnKey | None
    parent_choice: int
    messages: tuple[Message, ...]
    chain: bytes
    dialect: str
    params: dict[str, Any]
    request_digest: bytes
    origin: Origin
    profile: bytes
    plan_version: int
    replies: tuple[Reply, ...]
    usage: Usage
    created_s: int
    script: Scripted | None = None


class Ending(StrEnum):
    """How a response ended; a turn without an outcome was being answered when its process died."""

    COMPLETED = "completed"
    CLIENT_LEFT = "client_left"
    SERVER_STOPPED = "server_stopped"
    FAILED = "failed"


@attrs.frozen
class Outcome:
    """How a response ended, and how many of its frames were written (`delivered`)."""

    ending: Ending
    delivered: int


@attrs.frozen
class Session:
    """The summary of a session. `tip` is the turn that was committed last, None where there is none.

    Stamps are unix seconds of the turns and resources that it has, or had.
    """

    id: str
    created_s: int
    updated_s: int
    turns: int
    tip: TurnKey | None
    forked_from: str | None = None


@attrs.frozen
class Resource:
    """What a provider's API calls by an id: a stored response, a conversation, a thread, a batch.

    `kind` says which; `turn` is the one that it shows, where it is one turn's; `lists` are those in which it stands.
    `body` is JSON that the kind's keeper understands. `created_s` is unix seconds.
    """

    id: str
    session: str
    kind: str
    created_s: int
    body: dict[str, Any]
    turn: TurnKey | None = None
    lists: tuple[str, ...] = ()


def tables_of(format_version: int) -> tuple[Table, ...]:
    """The tables of a store of this format."""
    later = {table for version, tables in SINCE_FORMAT.items() if version > format_version for table in tables}
    return tuple(table for table in Table if table not in later)


def branch_of(said: bytes, request_digest: bytes) -> bytes:
    """What tells turns of one number in one session apart: blake2b-64 of what was said and of the request."""
    return hashlib.blake2b(said + request_digest, digest_size=8).digest()


def turn_key(session: str, key: TurnKey) -> bytes:
    """The LMDB key of a turn and of its outcome."""
    return session.encode() + SEPARATOR + key.pack()


def within(session: str, tail: bytes = b"") -> bytes:
    """A key below a session: `session 00 tail`; with no tail, the prefix of everything that the session has."""
    return session.encode() + SEPARATOR + tail
