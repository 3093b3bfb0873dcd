"""What `serve` prints is enough: each provider's SDK, told nothing else, speaks to the server."""

import re

import pytest
from anthropic import Anthropic
from google import genai
from openai import OpenAI

from tests.children import Server

SAID = "Reply with exactly: PONG"


@pytest.fixture
def exported(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variables of the server's `export` lines; there are three."""
    lines = [line for line in server.banner if line.strip().startswith("export ")]
    assert len(lines) == 3
    for name, value in re.findall(r"(\w+)=(\S+)", "".join(lines)):
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("exported")
def test_sdks_of_all_providers_find_the_server_by_what_it_prints() -> None:
    with OpenAI() as openai:
        assert openai.responses.create(model="gpt-4o-mini", input=SAID).output_text == "PONG"
    with Anthropic() as anthropic:
        told = anthropic.messages.create(
            model="claude-sonnet-4-6", max_tokens=10, messages=[{"role": "user", "content": SAID}]
        )
        assert [block.text for block in told.content if block.type == "text"] == ["PONG"]
    with genai.Client() as google:
        assert google.models.generate_content(model="gemini-3.5-flash", contents=SAID).text == "PONG"
