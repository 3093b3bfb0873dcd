"""`python -m llmsim` is `llmsim`, for where the script is not on the path.

Knows nothing but the entry point of the command line.
"""

from llmsim.cli.main import run

if __name__ == "__main__":
    run()
