"""The workflows as data: jobs, their steps, and what the steps' shell calls; and a step's shell run with stand-ins.

YAML is read with every scalar as its text, so that `on` is no truth value and versions are no numbers. Nothing here
knows GitHub's expressions: whoever runs a step says what they come to.
"""

import os
import re
import shlex
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import yaml

ROOT = Path(__file__).parents[3]
FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml"))
EXPRESSION = re.compile(r"\$\{\{ *(.+?) *\}\}")
ENDS = re.compile(r"[|&;<>]+")
"""Tokens of a shell that end a call, or send its output elsewhere."""
RUNNERS = ("env", "--no-run-if-empty")
"""Words after which another program's call begins: env's name, and the last flag of xargs."""
STEP_S = 60

Workflow = dict[str, Any]


@attrs.frozen
class Job:
    """A job of a workflow."""

    file: Path
    key: str
    workflow: Workflow
    job: dict[str, Any]

    @property
    def steps(self) -> list[dict[str, Any]]:
        return list(self.job["steps"])

    def __str__(self) -> str:
        return f"{self.file.stem}-{self.key}"


def read(file: Path) -> Workflow:
    """A workflow, every scalar as its text."""
    return dict(yaml.load(file.read_text(), Loader=yaml.BaseLoader))  # noqa: S506  (it makes texts alone)


def jobs() -> list[Job]:
    """Every job of every workflow."""
    return [Job(file, key, flow, job) for file in FILES for flow in [read(file)] for key, job in flow["jobs"].items()]


def job(file: str, key: str) -> Job:
    """One job."""
    return next(one for one in jobs() if (one.file.name, one.key) == (file, key))


def lines(script: str) -> Iterator[str]:
    """The lines of a script, those that go on joined."""
    yield from script.replace("\\\n", " ").splitlines()


def calls(script: str, program: str) -> Iterator[list[str]]:
    """The arguments of each call of a program in a script."""
    for line in lines(script):
        lexer = shlex.shlex(re.sub(r"\$\((?!\()", " ; ", line), posix=True, punctuation_chars="|&;<>")
        lexer.whitespace_split = True
        words = list(lexer)
        for place, word in enumerate(words):
            before = words[place - 1] if place else ";"
            if word == program and (ENDS.fullmatch(before) or before in RUNNERS):
                rest = words[place + 1 :]
                end = next((at for at, one in enumerate(rest) if ENDS.fullmatch(one)), len(rest))
                yield [one.removesuffix(")") for one in rest[:end]]


def called(program: str) -> list[tuple[str, list[str]]]:
    """Every call of a program in every workflow: the job, and the arguments."""
    return [
        (str(one), arguments)
        for one in jobs()
        for step in one.steps
        for arguments in calls(step.get("run", ""), program)
    ]


def sessions(one: Job) -> set[str]:
    """The sessions of nox that a job runs; `$SESSION` stands for those of its matrix."""
    found: set[str] = set()
    for step in one.steps:
        for names in re.findall(r"\bnox\)?\"? -s ((?:[\w$\"]+ ?)+)", step.get("run", "")):
            found |= set(names.replace('"', "").split())
    if "$SESSION" in found:
        found = found - {"$SESSION"} | set(one.job["strategy"]["matrix"]["session"])
    return found


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text whose expressions are replaced by what they come to; KeyError for one that nobody gave."""
    return EXPRESSION.sub(lambda match: values[match[1]], text)


@attrs.define
class Run:
    """One run of a job's shell: `tools` has the stand-ins, `values` what expressions come to; outputs join these."""

    one: Job
    folder: Path
    tools: Path
    values: dict[str, str]
    failed: bool = False
    outcomes: dict[str, str] = attrs.field(factory=dict)

    def to_the_end(self) -> None:
        """Every step that has a script, in order, as its condition says; after a failure those alone that want one."""
        for step in self.one.steps:
            if "run" not in step:
                continue
            due = self._due(step.get("if", "success()"))
            outcome = "skipped"
            if due:
                outcome = "success" if self._step(step) else "failure"
                self.failed |= outcome == "failure"
            self.outcomes[step["name"]] = outcome
            if "id" in step:
                self.values[f"steps.{step['id']}.outcome"] = outcome

    def _due(self, condition: str) -> bool:
        """The conditions that the workflows have: `always()`, or terms of success and of outcomes joined by &&."""
        terms = EXPRESSION.sub(r"\1", condition).split(" && ")
        known = {"always()": True, "success()": not self.failed, "!success()": self.failed}
        return all(known[term] if term in known else self._differs(term) for term in terms)

    def _differs(self, term: str) -> bool:
        left, right = term.split(" != ")
        return self.values[left] != right.strip("'")

    def _step(self, step: Mapping[str, Any]) -> bool:
        given = {**self.one.workflow.get("env", {}), **self.one.job.get("env", {}), **step.get("env", {})}
        output, summary = self.folder / "output", self.folder / "summary"
        output.write_text("")
        environment = {
            **{name: filled(text, self.values) for name, text in given.items()},
            "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.folder),
            **{f"GITHUB_{name}": str(self.folder / name) for name in ("ENV", "PATH")},
            "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(summary),
        }
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", filled(step["run"], {})]
        done = subprocess.run(shell, cwd=self.folder, env=environment, check=False, timeout=STEP_S)
        for line in output.read_text().splitlines():
            name, _, value = line.partition("=")
            self.values[f"steps.{step['id']}.outputs.{name}"] = value
        return done.returncode == 0
