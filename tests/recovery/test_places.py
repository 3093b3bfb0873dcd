"""A folder as a place of objects: whole or absent, and never in each other's way; and what a URL may say."""

import os
from pathlib import Path

import pytest

from llmsim.errors import ObjectExists, ObjectMissing, OperatorError, StoreFull
from llmsim.recovery import places
from llmsim.recovery.places import PARTIAL, Folder, place_of, split


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path / "place")
    made.prepare()
    return made


def test_object_put_is_got_found_and_deleted(folder: Folder) -> None:
    folder.put("a/b/two", b"2")
    folder.put("a/b-one", b"1")
    folder.put("c", b"333")
    assert folder.get("a/b/two", 10) == b"2"
    assert [(one.name, one.size_bytes) for one in folder.find()] == [("a/b-one", 1), ("a/b/two", 1), ("c", 3)]
    assert [one.name for one in folder.find("a/b")] == ["a/b-one", "a/b/two"]
    assert [one.name for one in folder.find("a/b/")] == ["a/b/two"]
    assert folder.find("d") == []
    folder.delete("a/b/two")
    folder.delete("a/b/two")
    assert [path.name for path in (folder.path / "a").iterdir()] == ["b-one"], "folders go with their last object"
    with pytest.raises(ObjectMissing, match="has no a/b/two"):
        folder.get("a/b/two", 10)


def test_object_put_twice_stays_the_first(folder: Folder) -> None:
    folder.put("one", b"first")
    with pytest.raises(ObjectExists, match="has one already"):
        folder.put("one", b"second")
    assert folder.get("one", 100) == b"first"
    assert [path.name for path in folder.path.iterdir()] == ["one"]


def test_object_longer_than_expected_is_not_read_whole(folder: Folder) -> None:
    folder.put("long", bytes(1000))
    assert len(folder.get("long", 10)) == 11


def test_object_of_another_process_that_is_not_whole_is_not_there(folder: Folder) -> None:
    (folder.path / f"{PARTIAL}1-long").write_bytes(b"half")
    assert folder.find() == []


def test_put_that_fails_leaves_neither_object_nor_folder(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, content: bytes) -> None:
        path.write_bytes(content[:1])
        raise StoreFull("no space left on device")

    monkeypatch.setattr(places, "write_file", full)
    with pytest.raises(StoreFull):
        folder.put("a/b/one", b"content")
    assert list(folder.path.iterdir()) == []


def test_room_is_that_of_the_disk(folder: Folder) -> None:
    room_bytes = folder.room_bytes()
    status = os.statvfs(folder.path)
    assert room_bytes is not None
    assert 0 < room_bytes <= status.f_blocks * status.f_frsize


def test_place_of_a_path_or_a_file_url_is_a_folder() -> None:
    for text, path in [("backup", "backup"), ("file:///var/backup", "/var/backup"), ("/a b", "/a b")]:
        place = place_of(text)
        assert isinstance(place, Folder)
        assert place.path == Path(path)


@pytest.mark.parametrize("url", ["s3://bucket/path", "gs://bucket", "az://container/path/"])
def test_place_of_a_bucket_is_one(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "account")
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    assert place_of(url).url == url.rstrip("/")


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("s3://key:hunter2@bucket/path", "s3://bucket/path: a URL of a place is its path alone: credentials"),
        ("s3://bucket/path?secret=hunter2", "s3://bucket/path: a URL of a place is its path alone"),
        ("ftp://host/path", "ftp://host/path: unknown kind of place ftp://, expected s3://, gs://, az://, file://"),
        ("s3:///path", "expected s3://BUCKET/PATH"),
        ("file://host/path", "expected file:///path"),
    ],
)
def test_place_of_a_url_that_is_none_is_refused_without_its_secrets(url: str, message: str) -> None:
    with pytest.raises(OperatorError) as refused:
        place_of(url)
    assert message in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("backup/llmsim-0", ("backup", "llmsim-0")),
        ("llmsim-0", (".", "llmsim-0")),
        ("/llmsim-0", ("/", "llmsim-0")),
        ("s3://bucket/path/llmsim-0/", ("s3://bucket/path", "llmsim-0")),
        ("s3://bucket/llmsim-0", ("s3://bucket", "llmsim-0")),
    ],
)
def test_split_gives_the_place_and_the_name(text: str, parts: tuple[str, str]) -> None:
    assert split(text) == parts
