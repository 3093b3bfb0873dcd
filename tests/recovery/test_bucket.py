"""A bucket as a place of objects: by a store in memory, and one that nobody answers for."""

import socket

import pytest
from obstore.store import MemoryStore

from llmsim import clock
from llmsim.errors import ObjectExists, ObjectMissing, OperatorError, PlaceUnreachable
from llmsim.recovery import bucket
from llmsim.recovery.bucket import Bucket


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    store = MemoryStore()
    monkeypatch.setattr(bucket, "from_url", lambda _url, **_options: store)
    return Bucket("s3://bucket/path")


def test_object_put_is_got_found_and_deleted(memory: Bucket) -> None:
    memory.prepare()
    memory.put("a/b/two", b"2")
    memory.put("a/b-one", b"1")
    memory.put("c", b"333")
    assert memory.get("a/b/two", 10) == b"2"
    assert [(one.name, one.size_bytes) for one in memory.find()] == [("a/b-one", 1), ("a/b/two", 1), ("c", 3)]
    assert [one.name for one in memory.find("a/b")] == ["a/b-one", "a/b/two"]
    assert memory.find("c")[0].changed_s == pytest.approx(clock.wall(), abs=60)
    memory.delete("a/b/two")
    with pytest.raises(ObjectMissing, match="s3://bucket/path has no a/b/two"):
        memory.get("a/b/two", 10)
    assert memory.room_bytes() is None


def test_object_put_twice_stays_the_first(memory: Bucket) -> None:
    memory.put("one", b"first")
    with pytest.raises(ObjectExists, match="has one already"):
        memory.put("one", b"second")
    assert memory.get("one", 100) == b"first"


def test_object_longer_than_expected_is_not_read_whole(memory: Bucket) -> None:
    memory.put("long", bytes(1000))
    assert len(memory.get("long", 10)) == 11


def test_bucket_that_nobody_answers_for_is_unreachable_and_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{held.getsockname()[1]}")
        monkeypatch.setenv("AWS_REGION", "us-east-1")
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "someone")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
        monkeypatch.setattr(bucket, "RETRIES", 0)
        with pytest.raises(PlaceUnreachable) as failed:
            Bucket("s3://bucket/path").put("one", b"content")
    assert str(failed.value).startswith("s3://bucket/path/one: ")
    assert "hunter2" not in str(failed.value)


def test_bucket_without_what_it_takes_is_an_operator_error(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_CONNECTION_STRING"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises((OperatorError, PlaceUnreachable), match="az://container"):
        Bucket("az://container")
