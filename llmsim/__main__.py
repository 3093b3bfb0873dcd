"""`python -m llmsim`: the command line where its script is not on the path.

Knows nothing but the entry point; says and does exactly what `llmsim` does.
"""

from llmsim.cli.main import run

run()
