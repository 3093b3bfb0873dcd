"""A server that answers at once, for a module of client tests, and OpenAI's client of it that validates strictly."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.children import Server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("data"), "--instant", "--seed", "1", "--ordinal", "2") as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, _strict_response_validation=True) as strict:
        yield strict
