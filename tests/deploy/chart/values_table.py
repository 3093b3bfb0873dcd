"""`python -m tests.deploy.chart.values_table` writes the table of values in the chart's README, from values.yaml.

A comment that begins with `# --` describes the key below it, as helm-docs has it, with all that is below that key.
Ends with an error where a key has no description or a comment describes none.
"""

import re
from collections.abc import Iterator

import orjson
import yaml

from tests.deploy.chart.charts import CHART

README = CHART / "README.md"
VALUES = CHART / "values.yaml"
MARKED = re.compile(r"(<!-- table: values -->\n).*?(<!-- end -->)", re.DOTALL)
LINE = re.compile(r"(?P<indent> *)(?P<key>[A-Za-z_][\w]*):(?P<rest>.*)")


def rows(text: str) -> Iterator[tuple[str, str, str]]:
    """Key path, default as JSON, and description of every value that is described."""
    values = yaml.safe_load(text)
    path: list[str] = []
    said: list[str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        comment = line.strip().removeprefix("# ") if line.strip().startswith("#") else None
        if comment is not None and comment.startswith("-- "):
            said = [comment.removeprefix("-- ")]
            continue
        if comment is not None and said is not None:
            said.append(comment)
            continue
        found = LINE.fullmatch(line)
        if found is None:
            if said is not None:
                raise SystemExit(f"{VALUES.name}:{number}: a description without a key below it")
            continue
        path = [*path[: len(found["indent"]) // 2], found["key"]]
        if said is not None:
            yield ".".join(path), default_of(values, path), " ".join(said)
            said = None


def default_of(values: object, path: list[str]) -> str:
    """The value at a path, as JSON on one line."""
    for key in path:
        assert isinstance(values, dict)
        values = values[key]
    return orjson.dumps(values).decode()


def undescribed(text: str) -> list[str]:
    """The paths of values that neither a description of their own nor one of what they are part of covers."""
    described = {path for path, _, _ in rows(text)}
    return [path for path in leaves(yaml.safe_load(text), "") if not covered(path, described)]


def covered(path: str, described: set[str]) -> bool:
    parts = path.split(".")
    return any(".".join(parts[: count + 1]) in described for count in range(len(parts)))


def leaves(value: object, path: str) -> Iterator[str]:
    """The paths of all that is no mapping with something in it."""
    if isinstance(value, dict) and value:
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}" if path else str(key))
    else:
        yield path


def table(text: str) -> str:
    """The table, in Markdown."""
    lines = ["| Value | Default | What it is |", "| --- | --- | --- |"]
    lines += [f"| `{path}` | `{default}` | {what.replace('|', chr(92) + '|')} |" for path, default, what in rows(text)]
    return "\n".join(lines) + "\n"


def rewritten(readme: str, values: str) -> str:
    """The README with the table as values.yaml has it."""
    return MARKED.sub(lambda found: found[1] + table(values) + found[2], readme)


def main() -> None:
    values = VALUES.read_text()
    missing = undescribed(values)
    if missing:
        raise SystemExit(f"{VALUES.name}: no description of {', '.join(missing)}")
    README.write_text(rewritten(README.read_text(), values))


if __name__ == "__main__":
    main()
