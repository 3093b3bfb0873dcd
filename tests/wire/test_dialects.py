"""Each generating route has its dialect, and each dialect a name of its own."""

from llmsim.wire.dialects import GENERATING, refusing


def test_routes_have_dialects_with_names_of_their_own() -> None:
    assert "/v1/chat/completions" in GENERATING
    names = [wire.dialect for wire in GENERATING.values()]
    assert len(set(names)) == len(names)


def test_errors_are_told_in_the_dialect_of_the_path() -> None:
    for path, wire in GENERATING.items():
        assert refusing(path) is wire
    assert refusing("/nowhere").dialect == "openai.chat"
