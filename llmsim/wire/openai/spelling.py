"""Keys that are not known, and what they may have been meant to be: "Did you mean 'store' or 'stream'?".

Pure. Known names at most two edits away are suggested, the nearest first; what is longer than every name could be is
measured against none, so that a megabyte of a key costs nothing.
"""

from collections.abc import Iterable

from llmsim.errors import ClientError

MOST_EDITS = 2
QUOTED_CHARS = 256
"""How much of an unknown key is said again."""


def unknown_key(key: str, known: Iterable[str], within: str = "") -> ClientError:
    """A key that nobody knows; `within` is where it stands (`input[0].`), suggestions are made at the top alone."""
    meant = [] if within else near(key, known)
    param = within + key[:QUOTED_CHARS]
    names = [f"'{name}'" for name in meant]
    hint = f" Did you mean {', '.join(names[:-1])}{' or ' * (len(names) > 1)}{names[-1]}?" if names else ""
    return ClientError(f"Unknown parameter: '{param}'.{hint}", param=param, code="unknown_parameter")


def near(key: str, known: Iterable[str]) -> list[str]:
    """The known names that are at most two edits away, the nearest first, then in their order."""
    found = []
    for name in known:
        if abs(len(name) - len(key)) <= MOST_EDITS:
            distance = edits(key, name)
            if distance <= MOST_EDITS:
                found.append((distance, name))
    found.sort(key=lambda one: one[0])
    return [name for _, name in found]


def edits(one: str, other: str) -> int:
    """How many characters must be inserted, removed or replaced to make one text the other (Levenshtein)."""
    row = list(range(len(other) + 1))
    for at, character in enumerate(one, 1):
        left_above, row[0] = row[0], at
        for column, wanted in enumerate(other, 1):
            left_above, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, left_above + (character != wanted)),
            )
    return row[-1]
