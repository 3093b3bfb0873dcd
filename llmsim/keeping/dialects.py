"""Which dialect remembers what: its keeper, by the name of the dialect."""

from collections.abc import Mapping

from llmsim.keeping.base import Keeper

KEEPERS: Mapping[str, Keeper] = {}
"""A dialect without one remembers nothing beyond its turns."""
