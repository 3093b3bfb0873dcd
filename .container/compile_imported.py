"""Import all of llmsim, and compile what that brought in: the one part of Python and of the libraries that ever runs.

Run by the image's own Python in the image's own root, so a library that is missing there stops the build. The code is
compiled for good (unchecked: the root is read-only), and the same sources give the same bytes.
"""

import pkgutil
import sys
from importlib import import_module
from pathlib import Path
from py_compile import PycInvalidationMode, compile  # noqa: A004  (its name there)

import llmsim

LAZY = ("rich.console", "rich.progress", "rich.table", "rich.text")
"""What a command imports when it has something to draw."""

for module in pkgutil.walk_packages(llmsim.__path__, "llmsim."):
    import_module(module.name)
for name in LAZY:
    import_module(name)
sources = {Path(found.__file__) for found in list(sys.modules.values()) if getattr(found, "__file__", None)}
for source in sorted(source for source in sources if source.suffix == ".py"):
    compile(str(source), doraise=True, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH)
