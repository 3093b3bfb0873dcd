"""What the image is: its size, its user, what is in it and what is not."""

import tarfile
from pathlib import Path, PurePosixPath

import pytest

from llmsim import __version__
from tests.deploy.image.build import IMAGE, said
from tests.deploy.image.engines import Engine

SIZE_MAX_BYTES = 100_000_000
SHELLS = {"sh", "bash", "dash", "ash", "busybox", "toybox", "env", "perl", "apt", "apt-get", "dpkg", "pip", "pip3"}
URL = "https://github.com/llm-devops/llm-simulator"


def files_of(engine: Engine, image: str, archive: Path) -> list[tarfile.TarInfo]:
    """The files of an image's root, which stays in the archive."""
    engine.done("rm", "--force", "llmsim-image-export")
    engine.said("create", "--name=llmsim-image-export", image)
    engine.said("export", "--output", str(archive), "llmsim-image-export")
    engine.said("rm", "llmsim-image-export")
    with tarfile.open(archive) as root:
        return root.getmembers()


def test_image_is_small(engine: Engine, capsys: pytest.CaptureFixture[str]) -> None:
    size = engine.inspect("image", IMAGE)["Size"]
    with capsys.disabled():
        print(f"\n{engine.name}: the image has {size / 1e6:.1f} MB, uncompressed")  # noqa: T201  (the figure)
    assert 0 < size < SIZE_MAX_BYTES


def test_image_says_what_it_is(engine: Engine) -> None:
    config = engine.inspect("image", IMAGE)["Config"]
    assert config["User"] == "1000:1000"
    assert config["Entrypoint"] == ["/usr/bin/tini", "--", "/usr/bin/llmsim"]
    assert config["Cmd"] == ["serve"]
    assert set(config["Volumes"]) == {"/var/lib/llmsim"}
    assert set(config["ExposedPorts"]) == {"8080/tcp"}
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in config["Labels"].items()}
    assert labels["version"] == __version__
    said("git", "merge-base", "--is-ancestor", labels["revision"], "HEAD")
    assert labels["source"] == URL
    assert labels["licenses"] == "Apache-2.0"
    assert "created" in labels


def test_image_has_no_shell_and_nothing_that_gives_rights(engine: Engine, tmp_path: Path) -> None:
    files = files_of(engine, IMAGE, tmp_path / "root.tar")
    names = {PurePosixPath(file.name).name for file in files if not file.isdir()}
    assert names & SHELLS == set()
    assert {"tini", "python3.11", "llmsim", "ca-certificates.crt"} <= names
    assert [file.name for file in files if file.isfile() and file.mode & 0o6000] == []
    [data] = [file for file in files if file.name.strip("/") == "var/lib/llmsim"]
    assert (data.uid, data.gid) == (1000, 1000)
    owned = [file.name for file in files if file.uid == 1000 and not file.name.strip("/").startswith("var/lib/llmsim")]
    assert owned == []
    with tarfile.open(tmp_path / "root.tar") as root:
        passwd = root.extractfile("etc/passwd")
        assert passwd is not None
        assert b"llmsim:x:1000:1000:" in passwd.read()


def test_image_has_what_its_code_needs_of_the_system(engine: Engine) -> None:
    """Certificates for OpenSSL and for the client of buckets, a name service, code that is compiled."""
    code = (
        "import ssl, socket, sys, pathlib, llmsim.cli.serve as serve, obstore.store as store; "
        "context = ssl.create_default_context(); "
        "print(context.cert_store_stats()['x509_ca'], socket.gethostbyname('localhost'), "
        "pathlib.Path(serve.__cached__).exists(), pathlib.Path(socket.__cached__).exists(), sys.flags.isolated)"
    )
    done = engine.once("-I", "-c", code, options=("--entrypoint=/usr/bin/python3",))
    assert done.returncode == 0, done.stderr
    authorities, *rest = done.stdout.split()
    assert int(authorities) > 100
    assert rest == ["127.0.0.1", "True", "True", "1"]


def test_compiled_code_is_used_unchecked_and_no_cache_is_left(engine: Engine, tmp_path: Path) -> None:
    files = files_of(engine, IMAGE, tmp_path / "root.tar")
    compiled = [file for file in files if file.name.endswith(".pyc")]
    assert len(compiled) > 500
    with tarfile.open(tmp_path / "root.tar") as root:
        heads = {content.read(8)[4:] for file in compiled if (content := root.extractfile(file)) is not None}
    assert heads == {(1).to_bytes(4, "little")}, "flag 1: by hash, unchecked"
    left = [file.name for file in files if file.name.startswith(("var/cache", "var/log", "root/", "tmp/"))]
    assert left == []


def test_packages_are_listed_for_scanners(engine: Engine, tmp_path: Path) -> None:
    files_of(engine, IMAGE, tmp_path / "root.tar")
    with tarfile.open(tmp_path / "root.tar") as root:
        status = [file for file in root.getmembers() if file.isfile() and "/dpkg/status.d/" in file.name]
        texts = [content.read().decode() for file in status if (content := root.extractfile(file)) is not None]
        release = root.extractfile("etc/os-release")
        assert release is not None
        assert 'VERSION_ID="12"' in release.read().decode()
    assert {"libc6", "libssl3", "python3.11-minimal", "tini"} <= {PurePosixPath(file.name).name for file in status}
    assert all("\nVersion: " in text and text.startswith("Package: ") for text in texts)
