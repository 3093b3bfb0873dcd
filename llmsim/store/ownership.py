"""Whose store this is: the rule by which a pod takes a store for its own.

The root seed belongs to the store, so that a restored volume goes on with its own seed whoever starts it; the ordinal
belongs to the pod, and a store of another one is refused.
"""

from llmsim.errors import WrongOrdinal, WrongSeed
from llmsim.identity import draw_root_seed
from llmsim.store.environment import Environment
from llmsim.store.schema import Meta
from llmsim.turn import Pod


def open_for(environment: Environment, *, seed: int | None, ordinal: int, now_s: int) -> Pod:
    """Whose store this is: a fresh one is stamped with the seed (or a drawn one) and the ordinal, another one is asked.

    `now_s` is unix seconds, for the stamp.

    Raises:
        WrongOrdinal: the store is another pod's.
        WrongSeed: a seed was given, and the store has another.
    """
    meta = environment.meta()
    if meta is None:
        root_seed = draw_root_seed() if seed is None else seed
        environment.stamp(Meta(root_seed, ordinal, now_s))
        return Pod(root_seed, ordinal)
    if meta.ordinal != ordinal:
        raise WrongOrdinal(
            f"store {environment.path} belongs to ordinal {meta.ordinal}, this pod is ordinal {ordinal}: "
            f"give --ordinal {meta.ordinal}, or take it over from a snapshot with `llmsim restore --adopt`"
        )
    if seed is not None and meta.root_seed != seed:
        raise WrongSeed(
            f"store {environment.path} has root seed {meta.root_seed}, not {seed}: leave --seed out to go on with it, "
            "or give another --data-dir"
        )
    return Pod(meta.root_seed, meta.ordinal)
