"""What workflows name exists (sessions, commands, flags, values, paths), and what they promise holds for every job."""

import ast
import fnmatch
import re
import shlex
import subprocess
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import click
import pytest

from tests.deploy.image.build import PACKAGES
from tests.deploy.pods.engine import NEEDED
from tests.deploy.workflows.judge import canary
from tests.deploy.workflows.pipelines import (
    EXPRESSION,
    FILES,
    ROOT,
    Job,
    called,
    calls,
    job,
    jobs,
    lines,
    read,
    sessions,
)
from tests.test_docs import understood

JOBS = [pytest.param(one, id=str(one)) for one in jobs()]
CHART = ROOT / "charts" / "llm-simulator"
PYTHONS = ["3.11", "3.12", "3.13", "3.14"]
ARCHITECTURES = {("amd64", "ubuntu-24.04"), ("arm64", "ubuntu-24.04-arm")}
RUNNERS_HAVE = {"runc", "iptables"}
"""Packages of what GitHub's runners have from Docker, which would be removed by Ubuntu's own."""
RUNNERS_OWN = {"PATH", "LD_LIBRARY_PATH", "USER", "RUNNER_TEMP"}
USES = re.compile(r"^ +uses: (\S+?)@(\S+)(?: # (\S+))?$", re.MULTILINE)


def noxs_sessions() -> set[str]:
    """The sessions in noxfile.py."""
    tree = ast.parse((ROOT / "noxfile.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    return {one.name for one in functions if any("nox.session" in ast.unparse(by) for by in one.decorator_list)}


@pytest.mark.parametrize("one", JOBS)
def test_sessions_exist(one: Job) -> None:
    assert sessions(one) <= noxs_sessions()


def test_ci_runs_every_default_session_and_what_was_promised() -> None:
    tree = ast.parse((ROOT / "noxfile.py").read_text())
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    default = {
        one.name for one in functions for by in one.decorator_list if "nox.session" in (said := ast.unparse(by))
        and "default=False" not in said and "requires" not in said
    }  # fmt: skip
    run = set().union(*(sessions(one) for one in jobs() if one.file.name == "ci.yml"))
    assert {"lint", "types", "tests", "replay", "manifests"} <= default
    assert default - run == set()
    assert {"package", "audit", "image", "sbom", "pods", "monitoring", "policies"} - run == set()
    released = sessions(job("cd.yml", "build")) | sessions(job("cd.yml", "image-build"))
    assert released == {"package", "onefile", "sbom", "image"}


def test_ci_runs_the_tests_on_every_supported_python() -> None:
    """And nothing else chooses the Python: the session runs on the one that runs nox."""
    said = (ROOT / "pyproject.toml").read_text()
    assert re.findall(r'"Programming Language :: Python :: (3\.\d+)"', said) == PYTHONS
    tests = job("ci.yml", "tests")
    assert sessions(tests) == {"tests"}
    assert tests.job["strategy"]["matrix"]["python"] == PYTHONS
    [setup] = [step for step in tests.steps if "setup-python" in step.get("uses", "")]
    assert setup["with"]["python-version"] == "${{ matrix.python }}"
    [kept] = [step for step in tests.steps if "upload-artifact" in step.get("uses", "")]
    assert kept["with"]["path"].split() == ["coverage.xml", "htmlcov/"]


@pytest.mark.parametrize(("file", "key"), [("ci.yml", "image"), ("cd.yml", "image-build")])
def test_image_is_built_and_scanned_for_both_architectures(file: str, key: str) -> None:
    one = job(file, key)
    assert {(each["arch"], each["runner"]) for each in one.job["strategy"]["matrix"]["include"]} == ARCHITECTURES
    assert "image" in sessions(one)
    [scan] = [step["with"] for step in one.steps if "trivy-action" in step.get("uses", "")]
    assert (scan["severity"], scan["exit-code"]) == ("HIGH,CRITICAL", "1")


def with_of(one: Job, action: str) -> list[dict[str, str]]:
    """What each step with this action is given."""
    return [step["with"] for step in one.steps if step.get("uses", "").startswith(f"actions/{action}@")]


@pytest.mark.parametrize("one", JOBS)
def test_artifacts_that_are_fetched_were_kept_by_a_job_before(one: Job) -> None:
    before = [each for each in jobs() if each.file == one.file and each.key in one.job.get("needs", [])]
    kept = [
        given["name"].replace("${{ matrix.arch }}", arch)
        for each in before
        for given in with_of(each, "upload-artifact")
        for arch, _ in ARCHITECTURES
    ]
    for given in with_of(one, "download-artifact"):
        assert fnmatch.filter(kept, given.get("name", given.get("pattern", ""))), (given, kept)


def test_bill_of_materials_is_where_its_session_writes_it() -> None:
    bills = [given["sbom-path"] for one in jobs() for given in with_of(one, "attest") if "sbom-path" in given]
    assert bills == ["llmsim.cdx.json"]
    assert 'ROOT / "dist" / "llmsim.cdx.json"' in (ROOT / "tests" / "deploy" / "sbom.py").read_text()


@pytest.mark.parametrize(
    ("file", "key", "wanted"),
    [
        ("ci.yml", "pods", {*NEEDED.values(), "prometheus"}),
        ("ci.yml", "image", {PACKAGES[name] for name in ("buildah", "podman", "conmon", "netavark")}),
        ("cd.yml", "image-build", {PACKAGES[name] for name in ("buildah", "podman", "conmon", "netavark")}),
    ],
)
def test_what_sessions_with_containers_need_is_installed(file: str, key: str, wanted: set[str]) -> None:
    called_as_root = [words for step in job(file, key).steps for words in calls(step.get("run", ""), "sudo")]
    [installed] = [words[2:] for words in called_as_root if words[:2] == ["apt-get", "install"]]
    assert wanted - set(installed) <= RUNNERS_HAVE


def test_triggers() -> None:
    assert read(FILES[1])["on"] == {
        "push": {"branches": ["main", "develop"]},
        "pull_request": "",
        "workflow_dispatch": "",
    }
    assert read(FILES[0])["on"] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}, "workflow_dispatch": ""}


@pytest.mark.parametrize("one", JOBS)
def test_jobs_are_bounded_and_have_least_permissions(one: Job) -> None:
    assert one.workflow["permissions"] == {}
    assert one.workflow["defaults"]["run"]["shell"] == "bash"
    assert int(one.job["timeout-minutes"]) <= 120
    written = {scope for scope, level in one.job["permissions"].items() if level != "read"}
    assert written <= ({"packages", "id-token", "attestations", "contents"} if one.file.name == "cd.yml" else set())
    assert not (written and sessions(one)), "what builds may not write, what writes may not build"
    for step in one.steps:
        if "actions/checkout@" in step.get("uses", ""):
            assert step["with"]["persist-credentials"] == "false"


def test_actions_are_pinned_by_digest_the_same_everywhere() -> None:
    pins = defaultdict(set)
    for file in FILES:
        for action, digest, version in USES.findall(file.read_text()):
            assert re.fullmatch(r"[0-9a-f]{40}", digest), action
            assert re.fullmatch(r"v\d+\.\d+\.\d+", version), action
            pins[action].add((digest, version))
    assert {"actions/checkout", "actions/attest", "aquasecurity/trivy-action"} <= pins.keys()
    assert {action: found for action, found in pins.items() if len(found) != 1} == {}


@pytest.mark.parametrize("one", JOBS)
def test_jobs_that_publish_or_deploy_install_what_was_named_by_its_hash(one: Job) -> None:
    """Whatever pip runs there could use the job's token or its cluster, before the step that is meant to."""
    writes = any(level == "write" for level in one.job["permissions"].values())
    if not (writes or "secrets." in str(one.job)):
        return
    for step in one.steps:
        for _, *arguments in calls(step.get("run", ""), "python"):
            if arguments[:2] == ["pip", "install"]:
                by_hash = {"--require-hashes", "--only-binary"} <= {*arguments}
                assert by_hash or arguments[2:] == ["--no-deps", "--no-build-isolation", "."], arguments


@pytest.mark.parametrize("one", JOBS)
def test_variables_of_the_shell_are_set_and_expressions_stay_out_of_it(one: Job) -> None:
    for step in one.steps:
        script = step.get("run", "")
        given = {*one.workflow.get("env", {}), *one.job.get("env", {}), *step.get("env", {}), *RUNNERS_OWN}
        used = set(re.findall(r"\$\{?([A-Z][A-Z_]+)\b", script))
        assert {name for name in used - given if not name.startswith("GITHUB_")} == set()
        assert EXPRESSION.findall(script) == []


def test_settings_of_the_repository_are_described_at_the_head() -> None:
    text = (ROOT / ".github" / "workflows" / "cd.yml").read_text()
    head = text.partition("\nname: ")[0]
    used = {name for name in re.findall(r"\b((?:vars|secrets)\.[A-Z_]+)", text) if name != "secrets.GITHUB_TOKEN"}
    assert set(re.findall(r"^# +((?:vars|secrets)\.[A-Z_]+) ", head, re.MULTILINE)) == used


def test_commands_of_llmsim_exist() -> None:
    commands = [shlex.join(["llmsim", *arguments]) for _, arguments in called("llmsim")]
    assert len(commands) == 2
    assert [command for command in commands if not understood(command)] == []
    assert not understood("llmsim replay memory --urls x")


def test_flags_of_the_judge_exist() -> None:
    judged = [arguments[1:] for _, arguments in called("python") if arguments[0] == ".github/canary.py"]
    read = [canary.main.make_context("canary", [*arguments[:-1], "7"]).params for arguments in judged]
    assert [(one["window"], one["max_error_percent"], one["max_p99"]) for one in read] == [(300, 1, 3), (60, 1, 3)]
    with pytest.raises(click.NoSuchOption):
        canary.main.make_context("canary", ["--match", "a", "--windows", "5m"])


def test_paths_in_the_shell_exist() -> None:
    named = [
        word
        for one in jobs()
        for step in one.steps
        for line in lines(step.get("run", ""))
        for word in re.findall(r"(?<![\w$/.:])(?:\.github|charts|tests|llmsim)/[\w./-]+", line)
    ]
    assert {".github/canary.py", "charts/llm-simulator", "llmsim/__init__.py"} <= set(named)
    assert [path for path in named if not (ROOT / path).exists()] == []


def helm_calls() -> list[list[str]]:
    return [arguments for _, arguments in called("helm")]


def test_flags_of_helm_exist(helm4: Path) -> None:
    """Helm 4, which is what the workflows fetch."""
    assert len(helm_calls()) > 10
    for arguments in helm_calls():
        command = arguments[:2] if arguments[0] == "registry" else arguments[:1]
        known = set(re.findall(r"--[\w-]+", subprocess.check_output([helm4, *command, "--help"], text=True)))
        assert {word.partition("=")[0] for word in arguments if word.startswith("--")} <= known, arguments


def test_flags_of_kubectl_exist(kubectl: Path) -> None:
    found = [arguments for _, arguments in called("kubectl")]
    assert ["delete", "pod", "--namespace", "$NAMESPACE", "--wait=false"] in found
    common = subprocess.check_output([kubectl, "options"], text=True)
    for arguments in found:
        words = 3 if arguments[:2] == ["create", "secret"] else 2 if arguments[0] == "rollout" else 1
        helped = subprocess.check_output([kubectl, *arguments[:words], "--help"], text=True)
        known = set(re.findall(r"--[\w-]+", helped + common))
        assert {word.partition("=")[0] for word in arguments if word.startswith("--")} <= known, arguments


def test_chart_takes_the_values_that_are_set(helm4: Path) -> None:
    """Each `helm upgrade` is rendered: the strict schema knows its values, and a misspelt one is refused."""
    upgrades = [arguments for arguments in helm_calls() if arguments[0] == "upgrade"]
    assert len(upgrades) == 4
    stand_ins = {"$RELEASE": "llm-simulator", "$DIGEST": "sha256:" + "0" * 64, "$REPLICAS": "10", "$partition": "9"}
    for arguments in upgrades:
        values = [re.sub(r"\$\w+", lambda match: stand_ins[match[0]], one) for one in set_by(arguments)]
        rendered = [word for value in values for word in ("--set", value)]
        done = subprocess.run([helm4, "template", "x", CHART, *rendered], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        wrong = [*rendered, "--set", values[-1].replace("=", "x=", 1)]
        assert subprocess.run([helm4, "template", "x", CHART, *wrong], capture_output=True, check=False).returncode != 0


def set_by(arguments: list[str]) -> list[str]:
    """What stands after each `--set`."""
    return [value for flag, value in pairwise(arguments) if flag == "--set"]


def test_reading_of_calls() -> None:
    script = (
        'a=$(helm history x | awk y)\nhelm test "$R" \\\n  --logs && echo helm; FOO=1 env helm push >out\n# helm no\n'
    )
    assert list(calls(script, "helm")) == [["history", "x"], ["test", "$R", "--logs"], ["push"]]
