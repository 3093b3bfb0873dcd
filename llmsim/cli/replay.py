"""`llmsim replay`: play session scripts and compare, or draw every turn of a store again and compare.

Reads arguments and prints; what is played and compared is decided in `llmsim.replay`. Exit code 1 says that something
differs from what was expected.
"""

import sys
from collections.abc import Callable
from pathlib import Path

import click
import trio
from click.core import ParameterSource

from llmsim.catalog import profiles_dir
from llmsim.cli import logs
from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json, print_pairs, progress, quantity, write_file
from llmsim.clock import Pace
from llmsim.profile import Profiles
from llmsim.recovery.sealing import PLAIN
from llmsim.recovery.unpacking import unpacked
from llmsim.recovery.verify import is_snapshot, snapshot_at
from llmsim.replay import transcript as transcripts
from llmsim.replay.clients import OverHTTP, connect
from llmsim.replay.player import Played, play
from llmsim.replay.regenerate import Regeneration, regenerate
from llmsim.replay.script import Script, found, load_scripts, parts, shipped
from llmsim.replay.virtual import DEFAULT_EPOCH_S, DEFAULT_POD
from llmsim.replay.virtual import replay as replay_virtually
from llmsim.settings import LogLevel, Settings
from llmsim.store.environment import Environment
from llmsim.store.schema import Table
from llmsim.tokenizers import counter_named
from llmsim.turn import Pod

DIFFERENCE = 1
HERE = ("seed", "ordinal", "epoch", "profiles")
"""Flags of a replay in this process."""
THERE = ("speed", "instant")
"""Flags of a replay against a server."""


@click.command(
    epilog=examples(
        "llmsim replay memory                              a shipped script, in virtual time",
        "llmsim replay mine.toml --out mine.jsonl          write the transcript",
        "llmsim replay mine.toml --expect mine.jsonl       compare with it; exit code 1 if a byte differs",
        "llmsim replay memory --url http://127.0.0.1:8080  the same against a running server",
        "llmsim replay --store llmsim-data                 would this store say again what it said?",
    )
)
@click.argument("scripts", nargs=-1, metavar="[SCRIPT]...")
@click.option("--url", metavar="URL", help="Play against this server, in real time, instead of virtually in-process.")
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Write the transcript here.")
@click.option("--expect", metavar="FILE", type=click.Path(path_type=Path), help="Compare with this transcript.")
@click.option(
    "--store",
    metavar="DIR|SNAPSHOT",
    type=click.Path(path_type=Path),
    help="Draw every turn of this store again, and compare.",
)
@with_settings("seed", "ordinal", "epoch", "profiles", "speed", "instant")
@json_option
def replay(
    scripts: tuple[str, ...],
    url: str | None,
    out: Path | None,
    expect: Path | None,
    store: Path | None,
    settings: Settings,
    *,
    as_json: bool,
) -> None:
    """Play session scripts, or prove that a store says again what it said.

    SCRIPT is a file or the name of a shipped script. Without --url the replay runs in this process, in virtual time,
    on a store of its own: seed 0, ordinal 0 and epoch 2026-01-01T00:00:00Z unless told otherwise. --speed and
    --instant pace the clients of a replay with --url; give the server the same.
    """
    if bool(store) == bool(scripts):
        raise click.UsageError(f"Give either scripts to play, or --store. Shipped scripts: {', '.join(shipped())}.")
    refuse_idle_flags(store=store is not None, url=url is not None)
    if store is not None:
        report_regeneration(regenerated(store), as_json=as_json)
        return
    loaded = load_scripts(found(name) for name in scripts)
    wanted = transcripts.read(expect) if expect else None
    if out is not None:
        write_file(out, b"", mode="ab")
    logs.configure(LogLevel.WARNING)
    with progress("turns", sum(len(part.turns) for script in loaded for part in parts(script))) as advance:
        played = run(loaded, url, settings, lambda _turn: advance(1))
    text = transcripts.transcript(played)
    if out is not None:
        write_file(out, text)
    report(played, text, wanted, as_json=as_json)


def refuse_idle_flags(*, store: bool, url: bool) -> None:
    """Refuse flags on this command line that would change nothing."""
    context = click.get_current_context()
    idle = (*HERE, *THERE, "url", "out", "expect") if store else HERE if url else THERE
    given = [name for name in idle if context.get_parameter_source(name) is ParameterSource.COMMANDLINE]
    if given:
        one = "--store" if store else "--url" if url else "a replay without --url"
        raise click.UsageError(f"--{given[0]} does not go with {one}.")


def run(
    scripts: tuple[Script, ...], url: str | None, settings: Settings, on_turn: Callable[[Played], None]
) -> list[Played]:
    """Play the scripts, here or there."""
    if url is None:
        profiles = Profiles.load(settings.profiles, profiles_dir())
        pod = Pod(
            DEFAULT_POD.root_seed if settings.seed is None else settings.seed,
            DEFAULT_POD.ordinal if settings.ordinal is None else settings.ordinal,
        )
        epoch = DEFAULT_EPOCH_S if settings.epoch is None else settings.epoch
        return replay_virtually(scripts, profiles, pod, epoch, on_turn)
    pace = Pace(None if settings.instant else settings.speed)

    async def over_http(base: str) -> list[Played]:
        async with connect(base) as client:
            every = [part for script in scripts for part in parts(script)]
            return await play(every, OverHTTP(client), pace, on_turn)

    return trio.run(over_http, url)


def report(played: list[Played], text: bytes, wanted: bytes | None, *, as_json: bool) -> None:
    """Say what was played and what of it was not as expected; exits with 1 where something was not."""
    in_order = sorted(played, key=lambda turn: (turn.at_us, turn.session))
    unmet = [(turn, fault) for turn in in_order for fault in turn.unmet]
    different = transcripts.differences(wanted, text) if wanted is not None else []
    last_us = max((turn.at_us + turn.total_us for turn in played), default=0)
    summary = {
        "sessions": len({turn.session for turn in played}),
        "turns": len(played),
        "events": sum(len(turn.events) for turn in played),
        "simulated_s": round(last_us / 1e6, 3),
        "transcript_sha256": transcripts.digest(text),
        "unmet": [{"session": turn.session, "turn": turn.turn, "fault": fault} for turn, fault in unmet],
        "differences": len(different),
    }
    if as_json:
        print_json({**summary, "first_differences": [str(one) for one in different[: transcripts.SHOWN]]})
    else:
        print_pairs([(name.replace("_", " "), value) for name, value in summary.items() if name != "unmet"])
        for turn, fault in unmet:
            click.echo(f"session {turn.session}, turn {turn.turn}: {fault}")
        for one in different[: transcripts.SHOWN]:
            click.echo(str(one))
        if len(different) > transcripts.SHOWN:
            click.echo(f"and {quantity(len(different) - transcripts.SHOWN, 'line')} more")
    if unmet or different:
        sys.exit(DIFFERENCE)


def regenerated(store: Path) -> Regeneration:
    """Draw every turn of a store or snapshot again."""
    if is_snapshot(store):
        with unpacked(snapshot_at(str(store)), PLAIN) as folder:
            return regenerated(folder)
    with Environment.open(store, readonly=True) as environment:
        with environment.read() as view:
            turns = view.count(Table.TURNS)
        with progress("turns", turns) as advance:
            return regenerate(environment, counter_named, advance)


def report_regeneration(result: Regeneration, *, as_json: bool) -> None:
    """Say whether a store is proven; exits with 1 where it is not."""
    if as_json:
        print_json(
            {
                "sessions": result.sessions,
                "turns": result.turns,
                "differences": len(result.mismatches),
                "not_regenerated": len(result.skipped),
                "first_differences": [str(one) for one in (*result.mismatches, *result.skipped)][: transcripts.SHOWN],
            }
        )
    else:
        rows = (
            ("sessions", result.sessions),
            ("turns", result.turns),
            ("differences", len(result.mismatches)),
            ("not regenerated", len(result.skipped)),
        )
        print_pairs(rows)
        for one in [*result.mismatches, *result.skipped][: transcripts.SHOWN]:
            click.echo(str(one))
    if not result.proven:
        sys.exit(DIFFERENCE)
