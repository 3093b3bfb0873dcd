"""Each generating route has its dialect, and each dialect a name of its own."""

from llmsim.wire.dialects import GENERATING, TEMPLATED, WIRES, refusing, templated
from llmsim.wire.gemini.generate import STREAM, Gemini


def test_routes_have_dialects_with_names_of_their_own() -> None:
    assert "/v1/chat/completions" in GENERATING
    names = [wire.dialect for wire in GENERATING.values()]
    assert len(set(names)) == len(names)


def test_errors_are_told_in_the_dialect_of_the_path() -> None:
    for path, wire in GENERATING.items():
        assert refusing(path) is wire
    for template in TEMPLATED:
        found = templated(template)
        assert found is not None
        assert refusing(template) == found[1]
        assert found[1].dialect in WIRES
    assert refusing("/v1beta/nowhere").dialect == "gemini"
    assert refusing("/nowhere").dialect == "openai.chat"
    assert refusing("/v1/models/m:predictSomething").dialect == "gemini"
    assert refusing("/v1/models/ft:gpt-4o:mine").dialect == "openai.chat"


def test_a_path_with_parts_gives_its_row_and_a_wire_that_knows_them() -> None:
    found = templated("/v1beta/models/gemini-2.5-flash:streamGenerateContent", "alt=sse&key=k")
    assert found is not None
    template, wire = found
    assert template == "/v1beta/models/{model}:streamGenerateContent"
    assert wire == Gemini("gemini", "gemini-2.5-flash", STREAM, "sse", {"alt": "sse", "key": "k"})


def test_a_part_holds_no_slash_and_is_not_empty() -> None:
    assert templated("/v1beta/models/:generateContent") is None
    assert templated("/v1beta/models/a/b:generateContent") is None
    assert templated("/v1beta/models/a:generateContent/") is None


def test_whoever_names_a_version_of_anthropics_api_is_told_in_its_words_whatever_the_path() -> None:
    for path in ("/nowhere", "/v1/models", "/v1/chat/nowhere"):
        assert refusing(path, {"anthropic-version": ""}).dialect == "anthropic.messages"
    for path in ("/v1/messages", "/v1/messages/batches", "/v1/messages/nowhere"):
        assert refusing(path).dialect == "anthropic.messages"
    assert refusing("/v1/messagesx").dialect == "openai.chat"
