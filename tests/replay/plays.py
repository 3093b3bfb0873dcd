"""What the tests of replays share: scripts written in one line, and their replay in virtual time."""

from llmsim.replay.player import Played
from llmsim.replay.script import Script, parse_script
from llmsim.replay.virtual import DEFAULT_POD, replay
from llmsim.turn import Pod
from tests.pods import PROFILES

MINIMAL = 'summary = "x"\n[[session]]\nid = "s"\n'


def parse(text: str) -> Script:
    """A script called `mine`."""
    return parse_script(text.encode(), "mine", "mine.toml")


def script_of(*turns: str, session: str = "", script: str = "params = { max_tokens = 12 }") -> Script:
    """A script of the session `s`: each turn is the inside of a TOML table, the others are lines of their tables."""
    told = "turn = [" + ", ".join(f"{{ {turn} }}" for turn in turns) + "]"
    return parse("\n".join((script, MINIMAL + session, told)))


def played(*scripts: Script, pod: Pod = DEFAULT_POD) -> list[Played]:
    """What came of playing them in virtual time."""
    return replay(scripts, PROFILES, pod)
