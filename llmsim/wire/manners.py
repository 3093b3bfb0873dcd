"""How an operator may have the dialects differ from what the providers do: one record, and a wire as it asks for.

Pure. A dialect has a field for each of these that means something to it; the others leave it as it is.
"""

import functools
from typing import Any, cast

import attrs

from llmsim.wire.base import Wire

KEPT = 256
"""Wires that are remembered: each dialect, and those whose paths have parts."""


@attrs.frozen
class Manners:
    """`lenient`: keys that a provider does not know are accepted.

    `responses_done`: streams of OpenAI's Responses end with `[DONE]`.
    """

    lenient: bool = False
    responses_done: bool = False


AS_LIVE = Manners()
"""As the providers do."""


def mannered(wire: Wire, manners: Manners) -> Wire:
    """The wire, as it is asked for."""
    if manners == AS_LIVE:
        return wire
    changed: Wire = _mannered(cast("Any", wire), manners)
    return changed


@functools.lru_cache(KEPT)
def _mannered(wire: Any, manners: Manners) -> Any:  # noqa: ANN401  (every wire is an attrs class; the protocol cannot say)
    wanted = {"lenient": manners.lenient, "done": manners.responses_done}
    changes = {field.name: wanted[field.name] for field in attrs.fields(type(wire)) if field.name in wanted}
    return attrs.evolve(wire, **changes)
