"""What makes one object into another, as operations of RFC 6902 that name as little as they can.

Elements of lists are told apart by their names, as Kubernetes does, so that a new container or variable is added and
those that are there stay.
"""

from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

import orjson

Op = dict[str, Any]


def changes(old: object, new: object, path: str = "") -> list[Op]:
    """The operations, in the order in which they apply; empty where both are equal."""
    if isinstance(old, dict) and isinstance(new, dict):
        return list(_of_mappings(old, new, path))
    if isinstance(old, list) and isinstance(new, list):
        return list(_of_lists(old, new, path))
    return [] if old == new else [{"op": "replace", "path": path, "value": new}]


def _of_mappings(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[Op]:
    for key, value in old.items():
        if key in new:
            yield from changes(value, new[key], _below(path, key))
        else:
            yield {"op": "remove", "path": _below(path, key)}
    for key, value in new.items():
        if key not in old:
            yield {"op": "add", "path": _below(path, key), "value": value}


def _below(path: str, key: str) -> str:
    return f"{path}/{key.replace('~', '~0').replace('/', '~1')}"


def _of_lists(old: list[Any], new: list[Any], path: str) -> Iterator[Op]:
    """From the end on, so that what is before an element still stands where it stood."""
    matched = SequenceMatcher(None, [_identity(one) for one in old], [_identity(one) for one in new], autojunk=False)
    for tag, old_from, old_to, new_from, new_to in reversed(matched.get_opcodes()):
        if tag == "equal":
            for offset in reversed(range(old_to - old_from)):
                yield from changes(old[old_from + offset], new[new_from + offset], f"{path}/{old_from + offset}")
        else:
            for at in reversed(range(old_from, old_to)):
                yield {"op": "remove", "path": f"{path}/{at}"}
            for at in reversed(range(new_from, new_to)):
                yield {"op": "add", "path": f"{path}/{old_from}", "value": new[at]}


def _identity(element: object) -> str:
    """What an element is known by: its name, or that of the object it is, or all of it."""
    if isinstance(element, dict):
        name = element.get("name") or element.get("metadata", {}).get("name")
        if name:
            return f"name {name}"
    return orjson.dumps(element, option=orjson.OPT_SORT_KEYS).decode()
