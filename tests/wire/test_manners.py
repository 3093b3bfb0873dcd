"""A wire is as an operator asks for, where its dialect can be; else as it was."""

from llmsim.wire.anthropic.messages import AnthropicMessages
from llmsim.wire.dialects import GENERATING
from llmsim.wire.gemini.generate import Gemini
from llmsim.wire.manners import AS_LIVE, Manners, mannered
from llmsim.wire.openai.responses.wire import OpenAIResponses


def test_wire_is_as_the_provider_unless_it_is_asked_otherwise() -> None:
    for wire in GENERATING.values():
        assert mannered(wire, AS_LIVE) is wire


def test_wire_is_as_it_is_asked_for() -> None:
    lenient, done = Manners(lenient=True), Manners(responses_done=True)
    assert mannered(OpenAIResponses(), lenient) == OpenAIResponses(lenient=True)
    assert mannered(OpenAIResponses(), done) == OpenAIResponses(done=True)
    assert mannered(AnthropicMessages(), lenient) == AnthropicMessages(lenient=True)
    assert mannered(AnthropicMessages(), done) == AnthropicMessages()
    assert mannered(OpenAIResponses(), lenient) is mannered(OpenAIResponses(), lenient)


def test_wire_of_a_path_with_parts_keeps_them() -> None:
    wire = Gemini(version="v1", method="generateContent")
    assert mannered(wire, Manners(lenient=True)).dialect == wire.dialect
