"""Operations that make one object into another name no more than what differs, and kustomize applies them."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.manifests.changes import changes
from tests.deploy.manifests.kustomized import built

OLD: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "one", "annotations": {"a/b": "1", "c~d": "2"}},
    "spec": {
        "initContainers": [{"name": "check", "args": ["check"]}],
        "containers": [{"name": "a", "image": "first"}, {"name": "b", "image": "second"}],
        "hostAliases": [{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}],
    },
}


def test_equal_objects_have_no_changes() -> None:
    assert changes(OLD, OLD) == []


def test_change_is_named_by_its_path() -> None:
    new = {**OLD, "metadata": {"name": "one", "annotations": {"a/b": "3", "c~d": "2"}}}
    assert changes(OLD, new) == [{"op": "replace", "path": "/metadata/annotations/a~1b", "value": "3"}]


@pytest.mark.parametrize(
    "changed",
    [
        {"initContainers": [{"name": "restore"}, {"name": "check", "args": ["check", "--allow-empty"]}]},
        {"containers": [{"name": "b", "image": "third"}]},
        {
            "containers": [
                {"name": "c"},
                {"name": "a", "image": "first"},
                {"name": "d"},
                {"name": "b", "image": "second"},
            ]
        },
        {"containers": [{"name": "b", "image": "second"}, {"name": "a", "image": "first"}]},
        {"hostAliases": [{"ip": "10.0.0.3"}, {"ip": "10.0.0.2"}, {"ip": "10.0.0.4"}]},
        {"hostAliases": [], "hostname": "a"},
    ],
    ids=str,
)
def test_kustomize_makes_the_new_object_of_the_changes(changed: dict[str, Any], kubectl: Path, tmp_path: Path) -> None:
    new = {**OLD, "spec": {**OLD["spec"], **changed}}
    ops = changes(OLD, new)
    target = {"kind": "Pod", "name": "one"}
    (tmp_path / "pod.yaml").write_text(yaml.safe_dump(OLD))
    (tmp_path / "patch.yaml").write_text(yaml.safe_dump(ops))
    (tmp_path / "kustomization.yaml").write_text(
        yaml.safe_dump({"resources": ["pod.yaml"], "patches": [{"path": "patch.yaml", "target": target}]})
    )
    assert built(kubectl, tmp_path) == [new]


def test_what_stays_is_not_written_again() -> None:
    new = {**OLD, "spec": {**OLD["spec"], "initContainers": [{"name": "restore"}, *OLD["spec"]["initContainers"]]}}
    assert changes(OLD, new) == [{"op": "add", "path": "/spec/initContainers/0", "value": {"name": "restore"}}]
