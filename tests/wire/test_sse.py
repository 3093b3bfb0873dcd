"""Events are framed so that no JSON text can break out of its line."""

import orjson
from hypothesis import given
from hypothesis import strategies as st

from llmsim.wire import sse


@given(st.text())
def test_event_of_any_json_is_one_line_and_comes_back(text: str) -> None:
    data = orjson.dumps({"text": text})
    lines = sse.event(data).split(b"\n")
    assert lines[1:] == [b"", b""]
    field, _, value = lines[0].partition(b": ")
    assert (field, orjson.loads(value)) == (b"data", {"text": text})


def test_done_is_an_event_as_the_others() -> None:
    assert sse.event(b"[DONE]") == sse.DONE
