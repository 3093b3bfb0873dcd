"""`llmsim drill`: lose pods, volumes and regions on purpose, bring them back, and say what was lost, and for how long.

Only reads arguments and prints; what is done and what must hold is decided in `llmsim.drill`.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path

import click
import trio

from llmsim.cli.options import examples, json_option, reading
from llmsim.cli.output import print_json, print_table, write_file
from llmsim.cli.progress import ENDING
from llmsim.drill import cluster, report
from llmsim.drill.crowd import lines_of
from llmsim.drill.distribution import Distribution, Spread, distributions
from llmsim.drill.drill import drill as run_drill
from llmsim.drill.drill import locally
from llmsim.drill.exercise import SCRIPT
from llmsim.drill.kubectl import Namespace
from llmsim.drill.outcome import Limits, Outcome
from llmsim.drill.report import result, seconds
from llmsim.drill.scenarios import SCENARIOS
from llmsim.errors import OperatorError
from llmsim.replay.script import found, load_scripts
from llmsim.values import duration

DIFFERENCE = 1
POD = "llm-simulator-0"
HEADER = ("scenario", "result", "acknowledged", "lost", "rpo", "rto", "drawn again", "took")
SPREAD_HEADER = ("scenario", "passed", "acknowledged", "lost", "rpo p50 / p90 / max", "rto p50 / p90 / max")


@click.command(
    epilog=examples(
        "llmsim drill                                            every scenario, in one or two minutes",
        "llmsim drill pod-loss volume-loss --max-rpo 2s --max-rto 30s",
        "llmsim drill --junit drill.xml --html drill.html        for a pipeline, and for people",
        "llmsim drill volume-loss --rounds 50 --json             the distribution of the RPO",
        "llmsim drill pod-loss --kubectl staging                 pod llm-simulator-0 of a namespace",
    )
)
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...", type=click.Choice(list(SCENARIOS)))
@click.option(
    "--script",
    "scripts",
    multiple=True,
    default=(SCRIPT,),
    show_default=True,
    metavar="SCRIPT",
    help="Session script (file or name of a shipped one) whose users' lines the clients say.",
)
@click.option("--max-rpo", callback=reading(duration(0)), metavar="DURATION", help="Fail if more is lost than this.")
@click.option("--max-rto", callback=reading(duration(0)), metavar="DURATION", help="Fail if it takes longer than this.")
@click.option("--rounds", type=click.IntRange(1), default=1, metavar="N", help="Run each scenario N times.")
@click.option("--seed", type=click.IntRange(0), default=0, metavar="N", help="Decides when pods are killed.")
@click.option("--junit", type=click.Path(path_type=Path), metavar="FILE", help="Write JUnit XML here.")
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with timelines here.")
@click.option("--kubectl", "namespace", metavar="NAMESPACE", help="Lose a pod of this namespace instead, by kubectl.")
@click.option("--pod", default=POD, show_default=True, metavar="POD", help="Which pod, with --kubectl.")
@json_option
def drill(
    *,
    scenarios: tuple[str, ...],
    scripts: tuple[str, ...],
    max_rpo: float | None,
    max_rto: float | None,
    rounds: int,
    seed: int,
    junit: Path | None,
    html: Path | None,
    namespace: str | None,
    pod: str,
    as_json: bool,
) -> None:
    """Practise disasters on pods of this machine: kill them under load, destroy, restore, go on, and compare.

    Each pod is a process with a store in a temporary directory, and each archive a directory. Everything that a client
    was answered is held against what came back: what is lost is counted, and every turn is drawn again and compared
    byte for byte. Exit code 1 if anything is not as it must be, or a limit is exceeded.

    SCENARIO: pod-loss, volume-loss, corrupt-store, corrupt-newest-snapshot, region-loss, rollback, scale-down-merge,
    wrong-ordinal; and, of storage that fails, truncated-store, torn-copy, stale-volume, two-pods, missing-lock-file.
    All of them by default.

    With --kubectl the pod is one of a StatefulSet, and is deleted by force under load; volume-loss deletes its claim
    as well, for good. Only those two are there, and have to be named.
    """
    names = scenarios or tuple(SCENARIOS)
    if namespace is not None and (not scenarios or not set(scenarios) <= set(cluster.SCENARIOS)):
        raise click.UsageError(f"With --kubectl name the scenarios, out of {', '.join(cluster.SCENARIOS)}.")

    def told(outcome: Outcome) -> None:
        if not as_json:
            click.echo(f"{result(outcome)}: {outcome.scenario}, {outcome.took_s:.1f} s", err=True)
            for problem in outcome.problems:
                click.echo(f"  {problem}", err=True)

    said = spoken(scripts)
    limits = Limits(max_rpo, max_rto)
    reports = [(path, text) for path, text in ((junit, report.as_junit), (html, report.as_html)) if path is not None]
    for path, _ in reports:
        write_file(path, b"", "ab")

    async def run() -> list[Outcome]:
        lose = locally if namespace is None else partial(cluster.lose, namespace=Namespace(namespace, pod))
        return await run_drill(names, said, seed, rounds, limits, told, lose)

    outcomes = trio.run(unless_ended, run)
    for path, text in reports:
        write_file(path, text(outcomes).encode())
    show(outcomes, rounds, as_json=as_json)
    if not all(one.passed for one in outcomes):
        raise click.exceptions.Exit(DIFFERENCE)


def spoken(scripts: tuple[str, ...]) -> tuple[str, ...]:
    """The files of these scripts; raises OperatorError where there is no such script, or no user in any."""
    said = tuple(str(found(name)) for name in scripts)
    if not lines_of(load_scripts(map(Path, said))):
        raise OperatorError(f"no user says anything in {', '.join(said)}")
    return said


def show(outcomes: Sequence[Outcome], rounds: int, *, as_json: bool) -> None:
    """Print what came of it; of several rounds also how they were spread."""
    if as_json:
        print_json(report.as_json(outcomes))
        return
    print_table(HEADER, [row(one) for one in outcomes])
    if rounds > 1:
        click.echo()
        print_table(SPREAD_HEADER, [spread_row(one) for one in distributions(outcomes)])


async def unless_ended(run: Callable[[], Awaitable[list[Outcome]]]) -> list[Outcome]:
    """What comes of it; SIGTERM and SIGHUP cancel it, so that no pod is left, and end the process as they would."""
    outcomes: list[Outcome] = []
    ended: list[int] = []
    with trio.open_signal_receiver(*ENDING) as signals:
        async with trio.open_nursery() as nursery:

            async def watch() -> None:
                async for number in signals:
                    ended.append(number)
                    nursery.cancel_scope.cancel()

            nursery.start_soon(watch)
            outcomes += await run()
            nursery.cancel_scope.cancel()
    if ended:
        raise SystemExit(128 + ended[0])
    return outcomes


def row(one: Outcome) -> tuple[object, ...]:
    """An outcome as a row of the table."""
    times = (seconds(one.rpo_s), seconds(one.rto_s))
    return (one.scenario, result(one), one.acknowledged, one.lost, *times, one.regenerated, seconds(one.took_s))


def spread_row(one: Distribution) -> tuple[object, ...]:
    """All rounds of a scenario as a row: RPO and RTO as median / nine in ten / worst."""
    return (
        one.scenario,
        f"{one.passed} of {one.rounds}",
        one.acknowledged,
        one.lost,
        _spread(one.rpo),
        _spread(one.rto),
    )


def _spread(of: Spread | None) -> str:
    return f"{of.p50_s:.2f} / {of.p90_s:.2f} / {of.max_s:.2f} s" if of else "-"
