"""The chart's README says what the chart does: its table of values is made, and what it names is there."""

import re
from pathlib import Path

import orjson
import pytest
import yaml

from tests import test_docs
from tests.deploy.chart import values_table
from tests.deploy.chart.charts import CHART, VARIANTS
from tests.deploy.chart.values_table import README, VALUES

SCHEMA = orjson.loads((CHART / "values.schema.json").read_bytes())


def test_table_is_as_values_have_it() -> None:
    text = README.read_text()
    assert values_table.MARKED.search(text)
    assert text == values_table.rewritten(text, VALUES.read_text()), "python -m tests.deploy.chart.values_table"


def test_every_value_is_described() -> None:
    assert values_table.undescribed(VALUES.read_text()) == []


def test_value_without_a_description_is_found() -> None:
    text = "# -- One.\na: 1\nb:\n  c: 2\n# -- All of it.\nd:\n  e: 3\n"
    assert values_table.undescribed(text) == ["b.c"]
    assert list(values_table.rows(text)) == [("a", "1", "One."), ("d", '{"e":3}', "All of it.")]


def test_description_without_a_value_is_refused() -> None:
    with pytest.raises(SystemExit, match=r"values.yaml:2: a description without a key"):
        list(values_table.rows("# -- One.\n\na: 1\n"))


def test_values_and_schema_have_the_same_keys() -> None:
    """What the schema allows and values.yaml does not show, nobody would find."""
    assert keys_of_schema(SCHEMA, "") == set(keys_of_values(yaml.safe_load(VALUES.read_text()), SCHEMA, ""))


def resolved(schema: dict[str, object]) -> dict[str, object]:
    reference = str(schema.get("$ref", ""))
    found: dict[str, object] = SCHEMA["definitions"][reference.rpartition("/")[2]] if reference else schema
    return found


def keys_of_schema(schema: dict[str, object], path: str) -> set[str]:
    properties = resolved(schema).get("properties")
    if not isinstance(properties, dict) or is_object_of_kubernetes(path):
        return {path}
    return {
        key for name, part in properties.items() if name != "global" for key in keys_of_schema(part, f"{path}/{name}")
    }


def keys_of_values(values: object, schema: dict[str, object], path: str) -> set[str]:
    properties = resolved(schema).get("properties")
    if not isinstance(values, dict) or not isinstance(properties, dict) or is_object_of_kubernetes(path):
        return {path}
    return {key for name, part in values.items() for key in keys_of_values(part, properties[name], f"{path}/{name}")}


def is_object_of_kubernetes(path: str) -> bool:
    """Described as one value: its parts are Kubernetes' own."""
    return path in {"/affinity", "/resources", "/seccompProfile", "/vpa/minAllowed", "/vpa/maxAllowed"}


def test_every_variant_is_told_of() -> None:
    text = README.read_text()
    assert [file.name for file in VARIANTS if f"ci/{file.name}" not in text] == []
    named = re.findall(r"ci/([-a-z0-9]+-values\.yaml)", text)
    assert [name for name in named if not (CHART / "ci" / name).is_file()] == []


def test_values_in_the_text_exist() -> None:
    """A path in backticks whose first part is a value names one."""
    text = values_table.MARKED.sub("", README.read_text())
    top = yaml.safe_load(VALUES.read_text())
    named = [one for one in re.findall(r"`([a-zA-Z]+(?:\.[a-zA-Z_]+)+)`", text) if one.split(".")[0] in top]
    assert named
    assert [one for one in named if not exists(top, one.split("."))] == []


def exists(values: object, path: list[str]) -> bool:
    for key in path:
        if not isinstance(values, dict) or key not in values:
            return False
        values = values[key]
    return True


def test_commands_variables_and_routes_in_the_text_exist() -> None:
    text = README.read_text()
    assert test_docs.unknown_variables(text) == []
    assert test_docs.unknown_metrics(text) == []
    assert test_docs.unknown_routes(text) == []
    assert test_docs.unknown_commands(text) == []


def test_files_in_the_text_exist() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README.read_text())
    missing = [one for one in links if "://" not in one and not (README.parent / Path(one)).exists()]
    assert missing == []
