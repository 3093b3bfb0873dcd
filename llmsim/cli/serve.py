"""`llmsim serve`: the server process, from settings to the line to paste.

Turns settings into a pod and hands it to `serving`; says on stdout where it listens, logs on stderr. Nothing heavy is
imported before the settings are known to be good.
"""

import logging
import socket

import click
import trio

from llmsim.catalog import profiles_dir
from llmsim.cli import logs
from llmsim.cli.options import examples, with_settings
from llmsim.clock import Clock
from llmsim.errors import OperatorError
from llmsim.identity import identify
from llmsim.profile import Profiles
from llmsim.recovery.places import place_of
from llmsim.recovery.sealing import Sealing
from llmsim.serving.protection import Protection
from llmsim.settings import Settings


@click.command(
    epilog=examples(
        "llmsim serve                                      on http://127.0.0.1:8080, store in ./llmsim-data",
        "llmsim serve --instant --port 0                   no delays, a free port",
        "llmsim serve --seed 7 --epoch 2026-01-01T00:00:00Z    the same bytes every time",
        "llmsim serve --script support-bot                 scripted replies, where what is said matches",
        "llmsim serve --profiles mine --strict-models      your own models, and no others",
        "llmsim serve --archive-to s3://bucket/llmsim --snapshot-every 1h    what is acknowledged survives the volume",
        "LLMSIM_ORDINAL=2 LLMSIM_DATA_DIR=/var/lib/llmsim llmsim serve --host 0.0.0.0",
    )
)
@with_settings(
    "host",
    "port",
    "data_dir",
    "seed",
    "ordinal",
    "profiles",
    "scripts",
    "epoch",
    "speed",
    "instant",
    "strict_models",
    "lenient",
    "responses_done",
    "archive_to",
    "archive_every",
    "archive_lag_max",
    "snapshot_to",
    "snapshot_every",
    "key_file",
    "log_level",
    "grace_s",
    config=True,
)
def serve(settings: Settings) -> None:
    """Answer API clients like a model provider, and keep every conversation in the data directory.

    Point the base URL of an OpenAI SDK at it; any API key will do. SIGTERM and SIGINT let open streams end first.
    """
    logs.configure(settings.log_level)
    from llmsim.clock import Pace  # noqa: PLC0415
    from llmsim.replay.script import found, load_scripts  # noqa: PLC0415  (see the module's header)
    from llmsim.replay.scripted import ScriptedReplies  # noqa: PLC0415  (as above)
    from llmsim.serving.pod import PodOptions  # noqa: PLC0415
    from llmsim.serving.server import Listening  # noqa: PLC0415
    from llmsim.serving.server import serve as run_server  # noqa: PLC0415
    from llmsim.wire.manners import Manners  # noqa: PLC0415

    identity = identify(settings.ordinal, socket.gethostname())
    options = PodOptions(
        data_dir=settings.data_dir,
        ordinal=identity.ordinal,
        seed=settings.seed,
        profiles=Profiles.load(settings.profiles, profiles_dir()),
        commit_runner=trio.to_thread.run_sync,
        clock=Clock(settings.epoch),
        pace=Pace(None if settings.instant else settings.speed),
        script=ScriptedReplies.from_scripts(load_scripts(found(str(path)) for path in settings.scripts)),
        strict_models=settings.strict_models,
        manners=Manners(settings.lenient, settings.responses_done),
        protection=protection_of(settings),
    )

    def announce(listening: Listening) -> None:
        click.echo(
            f"llmsim listens on {listening.url}\n"
            f"  data directory  {settings.data_dir.resolve()}\n"
            f"  ordinal         {listening.pod.ordinal} ({identity.source})\n"
            f"  root seed       {listening.pod.root_seed}\n"
            f"To use it, by the SDKs of OpenAI, Anthropic and Google:\n"
            f"  export OPENAI_BASE_URL={listening.url}/v1 OPENAI_API_KEY=any\n"
            f"  export ANTHROPIC_BASE_URL={listening.url} ANTHROPIC_API_KEY=any\n"
            f"  export GOOGLE_GEMINI_BASE_URL={listening.url} GEMINI_API_KEY=any"
        )
        fields = {
            "url": listening.url,
            "data_dir": str(settings.data_dir),
            "ordinal": listening.pod.ordinal,
            "root_seed": listening.pod.root_seed,
        }
        logging.getLogger("llmsim.serve").info("listening", extra={"fields": fields})

    trio.run(run_server, options, settings.host, settings.port, settings.grace_s, announce)


def protection_of(settings: Settings) -> Protection:
    """How the store is to be kept elsewhere.

    Raises:
        OperatorError: a place cannot be one, or the key file is none; or snapshots are wanted, and nowhere to put them.
    """
    if settings.snapshot_every is not None and settings.snapshot_to is None and settings.archive_to is None:
        raise OperatorError("snapshot_every: there is no place for snapshots: give --snapshot-to, or --archive-to")
    if settings.snapshot_to is not None:
        place_of(settings.snapshot_to)
    return Protection(
        archive=place_of(settings.archive_to) if settings.archive_to is not None else None,
        archive_every_s=settings.archive_every,
        archive_lag_max_s=settings.archive_lag_max,
        snapshots=settings.snapshot_to,
        snapshot_every_s=settings.snapshot_every,
        key_file=settings.key_file,
        sealing=Sealing.by(settings.key_file),
    )
