"""`python -m tests.deploy.manifests.render`: writes statefulset/ again, from the chart and the values.yaml files there.

The base is what the chart makes of base/values.yaml. An overlay is what it makes of base/values.yaml and the overlay's
own, written down as kustomize has it: JSON patches for what differs, files for what is new. Places that an operator has
to name stand in place.env, and kustomize puts them where the chart put the examples of values.yaml.
"""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.deploy import tools
from tests.deploy.manifests.changes import changes

ROOT = Path(__file__).parents[3]
CHART = ROOT / "charts" / "llm-simulator"
FOLDER = ROOT / "statefulset"
RELEASE = "llm-simulator"
OLDEST = "1.28.0"
"""The oldest Kubernetes that the files are for: the chart leaves out what it does not know yet."""
OVERLAYS = {"dev": "llm-simulator-dev", "production": "llm-simulator", "dr-standby": "llm-simulator"}
"""Each overlay's namespace."""
HEADER = "# Rendered from charts/llm-simulator by `nox -s statefulset`: change values.yaml, not this file.\n"
FILLED_IN = "# Examples, from values.yaml: put your own places here before you apply this.\n"
SEED = {"name": "llm-simulator-seed", "envs": ["seed.env"]}
PLACES = "llm-simulator-places"
HELM_LABELS = ("helm.sh/chart", "app.kubernetes.io/managed-by")
"""By these labels Helm knows what is its own."""

Manifest = dict[str, Any]


class Dumper(yaml.SafeDumper):
    """Texts of several lines as they are read, and no references from one place to another."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002  (PyYAML asks for each object)
        return True


Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else "")
)


def files(helm: Path) -> dict[str, str]:
    """Every rendered file, by its path below statefulset/."""
    base = of_chart(helm, values_of("base"))
    made = {"kustomization.yaml": document(kustomization(resources=["base"]))}
    made |= {f"base/{name}": document(one) for name, one in named(base).items()}
    made["base/kustomization.yaml"] = document(
        kustomization(
            resources=sorted(named(base)),
            generatorOptions={"disableNameSuffixHash": True},
            secretGenerator=[SEED],
        )
    )
    for name, namespace in OVERLAYS.items():
        wanted = of_chart(helm, values_of("base"), values_of(f"overlays/{name}"), namespace=namespace)
        made |= {f"overlays/{name}/{file}": text for file, text in overlay(name, namespace, base, wanted).items()}
    return made


def overlay(name: str, namespace: str, base: Iterable[Manifest], wanted: Iterable[Manifest]) -> dict[str, str]:
    """The files of an overlay that makes of the base what is wanted."""
    there, here = named(base), named(wanted)
    made = {"namespace.yaml": document(restricted(namespace))}
    made |= {file: document(one) for file, one in here.items() if file not in there}
    patches: list[Manifest] = []
    for file in there:
        target = {"kind": there[file]["kind"], "name": there[file]["metadata"]["name"]}
        if file not in here:
            gone = {"apiVersion": there[file]["apiVersion"], "kind": target["kind"]}
            made[f"without-{file}"] = document({"$patch": "delete", **gone, "metadata": {"name": target["name"]}})
            patches.append({"path": f"without-{file}"})
        elif ops := changes(there[file], here[file]):
            made[f"patch-{file}"] = document(ops)
            patches.append({"path": f"patch-{file}", "target": target})
    resources = ["../../base", *sorted(file for file in made if not file.startswith(("patch-", "without-")))]
    parts: Manifest = {"namespace": namespace, "resources": resources, "patches": patches}
    places = filled_in(yaml.safe_load(values_of(f"overlays/{name}").read_text()), here)
    if places:
        made["place.env"] = FILLED_IN + "".join(f"{key}={place}\n" for key, (place, _) in places.items())
        parts["configMapGenerator"] = [{"name": PLACES, "envs": ["place.env"]}]
        parts["generatorOptions"] = {"disableNameSuffixHash": True}
        parts["replacements"] = [replacement(key, target) for key, (_, target) in places.items()]
    made["kustomization.yaml"] = document(kustomization(**parts))
    return made


def filled_in(values: Mapping[str, Any], objects: Mapping[str, Manifest]) -> dict[str, tuple[str, Manifest]]:
    """The places in an overlay's values: key of place.env to the example and the target of its replacement.

    A place in the settings is a text of the TOML file, between two of its quotation marks; one to restore from is an
    argument of the init container.
    """
    found: dict[str, tuple[str, Manifest]] = {}
    archive = values.get("settings", {}).get("archive_to")
    if archive:
        toml: str = objects["configmap-settings.yaml"]["data"]["settings.toml"]
        before = toml[: toml.index(f'archive_to = "{archive}"')]
        target = {
            "select": {"kind": "ConfigMap", "name": "llm-simulator-settings"},
            "fieldPaths": ["data.[settings.toml]"],
            "options": {"delimiter": '"', "index": before.count('"') + 1},
        }
        found["archive_to"] = (archive, target)
    source = values.get("restore", {}).get("from")
    if source:
        pod = objects["statefulset.yaml"]["spec"]["template"]["spec"]
        [restore] = [one for one in pod["initContainers"] if one["name"] == "restore"]
        argument = f"spec.template.spec.initContainers.[name=restore].args.{restore['args'].index(source)}"
        found["restore_from"] = (
            source,
            {"select": {"kind": "StatefulSet", "name": RELEASE}, "fieldPaths": [argument]},
        )
    return found


def replacement(key: str, target: Manifest) -> Manifest:
    """Kustomize's own word for: what place.env says of this key stands there."""
    return {"source": {"kind": "ConfigMap", "name": PLACES, "fieldPath": f"data.{key}"}, "targets": [target]}


def of_chart(helm: Path, *values: Path, namespace: str = "") -> list[Manifest]:
    """What the chart makes of these values, without what is Helm's own: hooks, and labels that name it.

    Raises:
        CalledProcessError: Helm refused; its words went to standard error.
    """
    command: list[str | Path] = [
        helm,
        "template",
        RELEASE,
        CHART,
        "--kube-version",
        OLDEST,
        "--namespace",
        namespace or "default",
    ]
    command += [f"--values={one}" for one in values]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    made = [one for one in yaml.safe_load_all(said) if one]
    objects = [plain(one, namespace) for one in made if "helm.sh/hook" not in one["metadata"].get("annotations", {})]
    wanted = set(mentioned(objects))
    return [one for one in objects if one["kind"] != "ConfigMap" or one["metadata"]["name"] in wanted]


def mentioned(part: object) -> Iterator[str]:
    """The names of the ConfigMaps that are mounted or read somewhere; those of hooks have gone with them."""
    if isinstance(part, dict):
        for key, value in part.items():
            if key in {"configMap", "configMapRef", "configMapKeyRef"}:
                yield value["name"]
            yield from mentioned(value)
    elif isinstance(part, list):
        for value in part:
            yield from mentioned(value)


def plain(made: Manifest, namespace: str) -> Manifest:
    """An object of Helm's as one that anybody may apply, in a namespace or in the one that kubectl has."""
    metadata = made["metadata"]
    metadata["labels"] = {key: label for key, label in metadata["labels"].items() if key not in HELM_LABELS}
    del metadata["namespace"]
    if namespace:
        metadata["namespace"] = namespace
    return made


def named(objects: Iterable[Manifest]) -> dict[str, Manifest]:
    """Objects by the names of their files, without their namespaces, which kustomize puts in."""
    found: dict[str, Manifest] = {}
    for one in objects:
        end = one["metadata"]["name"].removeprefix(RELEASE)
        metadata = {key: value for key, value in one["metadata"].items() if key != "namespace"}
        found[f"{one['kind'].lower()}{end}.yaml"] = {**one, "metadata": metadata}
    return found


def restricted(namespace: str) -> Manifest:
    """A namespace in which Pod Security lets nothing start that is not "restricted"."""
    labels = {f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": labels}}


def kustomization(**parts: object) -> Manifest:
    """A kustomization.yaml; parts that are empty are left out."""
    head = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return {**head, **{key: part for key, part in parts.items() if part}}


def document(content: object) -> str:
    """A file with one YAML document."""
    return HEADER + yaml.dump(content, Dumper=Dumper, sort_keys=False, width=110)


def values_of(folder: str) -> Path:
    return FOLDER / folder / "values.yaml"


def main() -> None:
    """Write what is wanted and remove what is not."""
    wanted = files(tools.helm(4))
    for old in stale(wanted):
        old.unlink()
    for name, text in wanted.items():
        (FOLDER / name).write_text(text)


def stale(wanted: Iterable[str]) -> list[Path]:
    """Files that were rendered once and are no more."""
    rendered = [file for file in FOLDER.rglob("*.yaml") if file.read_text().startswith(HEADER)]
    return [file for file in rendered if file.relative_to(FOLDER).as_posix() not in wanted]


if __name__ == "__main__":
    main()
