"""`llmsim size`: how many pods a load needs, how large they are, and how fast their volumes fill.

Reads profile files and nothing else: no store, no server, no cluster. The arithmetic and the measured costs are those
of `sizing`; what is printed here says where they end.
"""

import re
from collections.abc import Callable
from typing import Any

import attrs
import click

from llmsim import values
from llmsim.catalog import profiles_dir
from llmsim.cli.options import examples, json_option, reading, with_settings
from llmsim.cli.output import print_json, print_pairs
from llmsim.errors import OperatorError
from llmsim.profile import Profile, Profiles
from llmsim.settings import Settings
from llmsim.sizing import COSTS, HPA_CPU_SHARE, PRESETS, PRODUCTION_PODS, VOLUME_BYTES, Load, Size
from llmsim.sizing import size as sized
from llmsim.strict import nearest

GB, MONTH_DAYS = 1e9, 30
PERCENT = re.compile(r"([0-9]{1,4}(\.[0-9]{1,3})?)%?")


def percent(most: float) -> Callable[[click.Context, click.Parameter, str], float]:
    """A click callback that reads `25%` or `25` as 0.25; up to `most` percent."""

    def read(_context: click.Context, _flag: click.Parameter, text: str) -> float:
        match = PERCENT.fullmatch(text)
        if match is None or float(match[1]) > most:
            raise click.BadParameter(f"expected percent from 0 to {most:g}, such as 25%, not {text!r}.")
        return float(match[1]) / 100

    return read


@click.command(
    epilog=examples(
        "llmsim size --target-rps 200 --profile gpt-4o-mini                  streamed, every turn stored",
        "llmsim size --target-rps 200 --profile gpt-4o-mini --streamed 0%    answered whole",
        "llmsim size --target-rps 50 --profile gpt-5 --prompt-tokens 300 --history-tokens 4000",
        "llmsim size --target-rps 10000 --profile default --pod-rps 500      by a figure of your own",
        "nox -s capacity                                                     measure the costs on your hardware",
    )
)
@click.option(
    "--target-rps",
    required=True,
    callback=reading(values.number(0, exclusive=True)),
    metavar="N",
    help="Requests a second at the peak, over all pods.",
)
@click.option("--profile", "name", required=True, metavar="NAME", help="Profile or model that is asked.")
@with_settings("profiles")
@click.option("--headroom", default="25%", show_default=True, callback=percent(1000), metavar="PERCENT",
              help="How many more pods than the load needs.")  # fmt: skip
@click.option("--streamed", default="100%", show_default=True, callback=percent(100), metavar="PERCENT",
              help="Share of requests that are streamed.")  # fmt: skip
@click.option("--stored", default="100%", show_default=True, callback=percent(100), metavar="PERCENT",
              help="Share of turns that are stored; the rest say X-LLMSim-Store: no.")  # fmt: skip
@click.option("--prompt-tokens", default="80", show_default=True, callback=reading(values.number(0)), metavar="N",
              help="Mean tokens that are new with a request.")  # fmt: skip
@click.option("--history-tokens", default="0", show_default=True, callback=reading(values.number(0)), metavar="N",
              help="Mean tokens of the conversation that a request brings along.")  # fmt: skip
@click.option("--pod-rps", callback=reading(values.number(0, exclusive=True)), metavar="N",
              help="What you measured that one pod can do, instead of what follows from our costs.")  # fmt: skip
@json_option
def size(
    target_rps: float,
    name: str,
    settings: Settings,
    headroom: float,
    streamed: float,
    stored: float,
    prompt_tokens: float,
    history_tokens: float,
    pod_rps: float | None,
    *,
    as_json: bool,
) -> None:
    """Work out pods, resources, streams and storage for a load.

    A pod is one process with one event loop: one core fills it, and more pods make more, not a higher CPU limit. The
    costs are CPU time and memory that were measured (nox -s capacity shows them, and measures them on your hardware);
    lengths and durations are the means of the profile's own distributions.
    """
    profile = profile_of(name, Profiles.load(settings.profiles, profiles_dir()))
    if prompt_tokens + history_tokens >= profile.context_window:
        raise OperatorError(
            f"a prompt of {prompt_tokens + history_tokens:,g} tokens does not fit into the context window of "
            f"{profile.name!r}, {profile.context_window:,} tokens"
        )
    load = Load(target_rps, streamed, stored, prompt_tokens=prompt_tokens, history_tokens=history_tokens)
    found = sized(load, profile, headroom=headroom, pod_rps=pod_rps)
    if as_json:
        print_json(document(profile, load, headroom, found))
        return
    print_pairs(lines(profile, load, headroom, found, given=pod_rps is not None))
    click.echo("\n" + "\n".join(remarks(found)))


def profile_of(name: str, known: Profiles) -> Profile:
    """The profile of this name, or the one that serves this model; raises OperatorError with the nearest name."""
    profile = known.by_name.get(name) or known.for_model(name)
    if profile is None:
        raise OperatorError(f"no profile is called {name!r} or claims that model{nearest(name, sorted(known.by_name))}")
    return profile


def document(profile: Profile, load: Load, headroom: float, found: Size) -> dict[str, Any]:
    """Everything as JSON: what was asked, what follows, and the costs that it follows from."""
    return {
        "profile": profile.name,
        "load": attrs.asdict(load) | {"headroom": headroom},
        "size": attrs.asdict(found),
        "costs": attrs.asdict(COSTS),
        "remarks": remarks(found),
    }


def lines(profile: Profile, load: Load, headroom: float, found: Size, *, given: bool) -> list[tuple[str, str]]:
    """What people read."""
    about, days, open_, each = found.means, found.volume_full_days, found.concurrent, found.concurrent / found.pods
    thought = f"{about.thought_tokens:,.0f} tokens thought, " if about.thought_tokens else ""
    said = f"{about.reply_tokens:,.0f} tokens said, TTFT {about.ttft_ms:,.0f} ms"
    duration = f"{about.duration_ms / 1000:,.1f} s to the last token, on average"
    shares = f"{load.streamed:.0%} streamed, {load.stored:.0%} stored"
    prompt = f"{load.prompt_tokens:,g} new tokens and {load.history_tokens:,g} of history"
    kind = f"{found.workload} by planning tables" if found.workload else "planning tables call 100 light"
    cost = "as given" if given else f"{found.turn_us / 1000:,.2f} ms of CPU time each"
    disk = f"{found.turn_disk_bytes / 1000:,.1f} kB a turn, {found.disk_bytes_per_day / GB:,.1f} GB a day at this rate"
    return [
        ("profile", f"{profile.name}: {thought}{said}, {duration}"),
        ("load", f"{load.target_rps:,g} requests/s, {shares}, {prompt}"),
        ("one pod", f"{found.pod_rps:,.0f} requests/s, {cost} ({kind})"),
        ("pods", f"{found.pods_needed:,} needed, {found.pods:,} with {headroom:.0%} headroom"),
        ("HPA", f"min {found.hpa_min}, max {found.hpa_max}"),
        (
            "open requests",
            f"{open_:,.0f} on average, {open_ * load.streamed:,.0f} of them streams; {each:,.0f} in each pod",
        ),
        ("CPU request", f"{found.cpu_m}m"),
        ("memory request", f"{found.memory_mib}Mi"),
        ("preset", found.preset or f"none: {PRESETS[-1].name} is the largest, set resources yourself"),
        ("storage", "nothing is stored" if days is None else disk),
        (
            "volumes",
            "stay empty" if days is None else f"of {VOLUME_BYTES >> 30} GiB, full after {days * 24:,.0f} hours",
        ),
    ]


def remarks(found: Size) -> list[str]:
    """What the figures do not say by themselves."""
    at = f"At a CPU request of {found.cpu_m}m, an autoscaler at {HPA_CPU_SHARE:.0%} adds pods when each uses "
    never = "of a request above one core it has to look at a share of one core, as the chart's does."
    said = [
        "A pod is full when its event loop has one core; commits and snapshots use a second. More is never used.",
        f"{at}{found.cpu_m * HPA_CPU_SHARE:.0f}m; {never}",
    ]
    if found.pods < PRODUCTION_PODS:
        said.append(f"The autoscaler's least is {PRODUCTION_PODS} pods, so that two stay when one is moved.")
    if found.volume_full_days is not None and found.volume_full_days < MONTH_DAYS:
        ways = "claim larger ones, delete sessions, or send X-LLMSim-Store: no where nobody asks for the turns again."
        said.append(f"Volumes of {VOLUME_BYTES >> 30} GiB fill within a month of this load: {ways}")
    return said
