"""Where a setting comes from, and that whatever is wrong is named with its place."""

from pathlib import Path

import attrs
import pytest

from llmsim import settings
from llmsim.errors import OperatorError
from llmsim.settings import SETTINGS, LogLevel, Settings, resolve

EVERYTHING = {
    "LLMSIM_HOST": "0.0.0.0",  # noqa: S104  (a value to read, nothing listens)
    "LLMSIM_PORT": "80",
    "LLMSIM_DATA_DIR": "/var/lib/llmsim",
    "LLMSIM_SEED": "18446744073709551615",
    "LLMSIM_ORDINAL": "2",
    "LLMSIM_PROFILES": "a:b",
    "LLMSIM_SCRIPTS": "s.toml",
    "LLMSIM_EPOCH": "2026-01-01T00:00:00Z",
    "LLMSIM_SPEED": "10",
    "LLMSIM_STRICT_MODELS": "true",
    "LLMSIM_LENIENT": "true",
    "LLMSIM_RESPONSES_DONE": "true",
    "LLMSIM_ARCHIVE_TO": "s3://bucket/llmsim",
    "LLMSIM_ARCHIVE_EVERY": "500ms",
    "LLMSIM_ARCHIVE_LAG_MAX": "30s",
    "LLMSIM_SNAPSHOT_TO": "backup",
    "LLMSIM_SNAPSHOT_EVERY": "1h",
    "LLMSIM_KEY_FILE": "/etc/llmsim/key",
    "LLMSIM_LOG_LEVEL": "debug",
    "LLMSIM_GRACE_S": "5",
}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def test_settings_with_nothing_given_are_the_defaults() -> None:
    assert resolve({}, {"PATH": "/bin"}) == Settings()
    assert Settings().port == 8080
    assert Settings().data_dir == Path("llmsim-data")


def test_settings_can_all_be_given_by_the_environment() -> None:
    """Twelve-factor: nothing needs a flag or a file."""
    resolved = resolve({}, EVERYTHING)
    assert resolved == Settings(
        host="0.0.0.0",  # noqa: S104
        port=80,
        data_dir=Path("/var/lib/llmsim"),
        seed=2**64 - 1,
        ordinal=2,
        profiles=(Path("a"), Path("b")),
        scripts=(Path("s.toml"),),
        epoch=1_767_225_600,
        speed=10.0,
        strict_models=True,
        lenient=True,
        responses_done=True,
        archive_to="s3://bucket/llmsim",
        archive_every=0.5,
        archive_lag_max=30.0,
        snapshot_to="backup",
        snapshot_every=3600.0,
        key_file=Path("/etc/llmsim/key"),
        log_level=LogLevel.DEBUG,
        grace_s=5.0,
    )
    assert set(settings.VARIABLES) - set(EVERYTHING) == {"LLMSIM_INSTANT"}


def test_flag_wins_over_variable_over_config_over_default(config: Path) -> None:
    config.write_text("port = 1\nhost = 'file'\nordinal = 1\n")
    resolved = resolve({"port": 3, "host": None}, {"LLMSIM_PORT": "2", "LLMSIM_ORDINAL": "2"}, config)
    assert (resolved.port, resolved.ordinal, resolved.host, resolved.speed) == (3, 2, "file", 1.0)


def test_config_file_may_be_named_by_the_environment(config: Path, tmp_path: Path) -> None:
    config.write_text("port = 1\n")
    assert resolve({}, {"LLMSIM_CONFIG": str(config)}).port == 1
    other = tmp_path / "other.toml"
    other.write_text("port = 2\n")
    assert resolve({}, {"LLMSIM_CONFIG": str(config)}, other).port == 2


def test_variable_that_is_empty_counts_as_absent() -> None:
    assert resolve({}, {"LLMSIM_ORDINAL": "", "LLMSIM_CONFIG": ""}) == Settings()


def test_config_with_a_typo_names_file_key_and_the_nearest_known_one(config: Path) -> None:
    config.write_text("prot = 1\n")
    with pytest.raises(OperatorError, match=r"config\.toml: unknown key 'prot' \(did you mean 'port'\?\) @ \$$"):
        resolve({}, {}, config)


def test_config_with_wrong_types_names_each_file_and_key_path(config: Path) -> None:
    config.write_text("port = '80'\nprofiles = ['a', 2]\n")
    with pytest.raises(OperatorError) as caught:
        resolve({}, {}, config)
    assert str(caught.value).split("\n") == [
        f"{config}: expected a whole number from 0 to 65535, not '80' @ $.port",
        f"{config}: expected a list of paths, none empty, not ['a', 2] @ $.profiles",
    ]


@pytest.mark.parametrize(("text", "reason"), [(b"port = ", "not TOML"), (b"\xff", "not UTF-8"), (b"[port]", "not {}")])
def test_config_that_does_not_read_is_an_operator_error(config: Path, text: bytes, reason: str) -> None:
    config.write_bytes(text)
    with pytest.raises(OperatorError, match=reason):
        resolve({}, {}, config)


def test_config_that_does_not_exist_is_an_operator_error(config: Path) -> None:
    with pytest.raises(OperatorError, match=r"config\.toml: No such file"):
        resolve({}, {}, config)


def test_variable_unknown_names_it_and_the_nearest_known_one() -> None:
    with pytest.raises(OperatorError, match=r"LLMSIM_ORDINALS \(did you mean 'LLMSIM_ORDINAL'\?\)"):
        resolve({}, {"LLMSIM_ORDINALS": "1"})


def test_ordinal_that_is_a_pod_name_says_what_was_expected() -> None:
    with pytest.raises(OperatorError) as caught:
        resolve({}, {"LLMSIM_ORDINAL": "llm-simulator-0"})
    assert str(caught.value) == (
        "LLMSIM_ORDINAL: expected a whole number from 0 to 65535 (a pod's index, not its name), not 'llm-simulator-0'"
    )


@pytest.mark.parametrize(
    ("name", "value", "service"),
    [
        ("LLMSIM_PORT", "tcp://10.0.0.1:80", "llmsim"),
        ("LLMSIM_SERVICE_HOST", "10.0.0.1", "llmsim"),
        ("LLMSIM_SERVICE_PORT", "80", "llmsim"),
        ("LLMSIM_SERVICE_PORT_HTTP", "80", "llmsim"),
        ("LLMSIM_PORT_80_TCP", "tcp://10.0.0.1:80", "llmsim"),
        ("LLMSIM_PORT_80_TCP_ADDR", "10.0.0.1", "llmsim"),
        ("LLMSIM_HEADLESS_PORT", "tcp://10.0.0.1:80", "llmsim-headless"),
    ],
)
def test_service_link_of_kubernetes_is_explained(name: str, value: str, service: str) -> None:
    with pytest.raises(OperatorError, match=f"Service called '{service}'.*enableServiceLinks: false"):
        resolve({}, {name: value})


@pytest.mark.parametrize("layer", ["flags", "environment", "config file"])
def test_speed_and_instant_in_one_source_contradict_each_other(layer: str, config: Path) -> None:
    config.write_text("speed = 2\ninstant = true\n" if layer == "config file" else "")
    flags = {"speed": 2.0, "instant": True} if layer == "flags" else {}
    environ = {"LLMSIM_SPEED": "2", "LLMSIM_INSTANT": "1"} if layer == "environment" else {}
    with pytest.raises(OperatorError, match=f"{layer}: 'speed' and 'instant'"):
        resolve(flags, environ, config)


def test_speed_as_a_flag_takes_back_instant_from_the_environment() -> None:
    resolved = resolve({"speed": 2.0}, {"LLMSIM_INSTANT": "1"})
    assert (resolved.speed, resolved.instant) == (2.0, False)


def test_instant_as_a_flag_stands_over_speed_from_the_environment() -> None:
    assert resolve({"instant": True}, {"LLMSIM_SPEED": "2"}).instant


def test_every_setting_says_what_it_is_and_has_a_usable_default() -> None:
    for field in attrs.fields(Settings):
        setting = SETTINGS[field.name]
        assert setting.about.text.endswith(".")
        assert setting.default
        text = setting.default
        if not setting.about.default:
            assert settings.read(setting.about.kind, text, setting.key) == field.default


def test_script_flag_is_singular_and_the_others_follow_their_key() -> None:
    assert (SETTINGS["scripts"].flag, SETTINGS["data_dir"].flag) == ("--script", "--data-dir")
    assert SETTINGS["data_dir"].variable == "LLMSIM_DATA_DIR"
