"""`llmsim identity`: which pod this would be, and what its draws would start from.

Opens no store: a store that exists has a root seed of its own, which wins over none and refuses another.
"""

import socket

import click

from llmsim.cli.options import examples, json_option, with_settings
from llmsim.cli.output import print_json, print_pairs
from llmsim.identity import fingerprint, identify
from llmsim.settings import Settings
from llmsim.simulation.draws import seed
from llmsim.turn import Pod


@click.command(
    epilog=examples(
        "llmsim identity                       the ordinal of this host",
        "llmsim identity --seed 42 --json      with the seeds that follow from it, for programs",
        "LLMSIM_ORDINAL=2 llmsim identity      as the pod with index 2 would see it",
    )
)
@with_settings("seed", "ordinal")
@json_option
def identity(settings: Settings, *, as_json: bool) -> None:
    """Show which pod this would be: its ordinal and where that comes from, and the seeds of its draws.

    The ordinal is the one that is given, else the number that ends the host name, else 0. Without a seed, the store's
    is used, and a fresh store draws one.
    """
    host_name = socket.gethostname()
    found = identify(settings.ordinal, host_name)
    answer: dict[str, object] = {"host_name": host_name, "ordinal": found.ordinal, "ordinal_source": found.source}
    if settings.seed is not None:
        answer["root_seed"] = settings.seed
        answer["root_seed_fingerprint"] = fingerprint(settings.seed)
        answer["pod_seed"] = seed(Pod(settings.seed, found.ordinal)).hex()
    if as_json:
        print_json(answer)
        return
    shown = [(name.replace("_", " "), value) for name, value in answer.items()]
    if settings.seed is None:
        shown.append(("root seed", "the store's, or drawn for a fresh store"))
    print_pairs(shown)
