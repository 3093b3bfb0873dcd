"""Words that stand for others where it is about which tool is meant: few, and those that people say most.

Data. `docs/recognised.md` lists them. A word on the left counts as those on the right as well.
"""

from collections.abc import Mapping

_TABLE = (
    ("rain raining rainy snow snowing sunny cloudy windy temperature forecast cold hot warm", "weather"),
    ("meeting meetings appointment appointments schedule reschedule", "calendar event meeting"),
    ("mail mails", "email"),
    ("remind reminders", "reminder"),
    ("sms", "message"),
    ("shares ticker", "stock"),
    ("buy purchase", "cart order"),
    ("parcel package delivery shipped", "order shipment"),
    ("fly flying", "flight"),
    ("song songs", "music"),
    ("google online internet", "search web"),
    ("compute multiply divide", "calculator calculate"),
    ("translation", "translate"),
    ("documentation docs manual", "document"),
    ("sql database", "sql database"),
    ("bug incident", "ticket issue"),
    ("route", "directions map"),
)
STANDING_FOR: Mapping[str, tuple[str, ...]] = {
    word: tuple(meant.split()) for words, meant in _TABLE for word in words.split()
}
"""Each word with those that it stands for."""
ASKING = frozenset((
    "what", "which", "when", "where", "who", "whom", "whose", "why", "how", "is", "are", "do", "does", "did", "has",
    "have", "show", "list", "find", "search", "look", "check", "tell", "get", "fetch", "read",
))  # fmt: skip
"""First words of who wants to know something."""
LOOKING = frozenset((
    "get", "list", "find", "search", "read", "fetch", "show", "lookup", "look", "query", "check", "retrieve", "view",
    "describe", "count",
))  # fmt: skip
"""First words of tools that look something up."""
DOING = frozenset((
    "create", "add", "book", "schedule", "send", "write", "update", "set", "delete", "remove", "cancel", "make",
    "place", "post", "submit", "open", "start", "run",
))  # fmt: skip
"""First words of tools that change something."""
