"""Settings from four places, each with its origin."""

from pathlib import Path

import pytest

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.settings import Settings, read_settings


def test_nothing_given_is_the_defaults() -> None:
    effective = read_settings({"port": None, "engines": ()}, None, {})
    assert effective.settings == Settings()
    assert set(effective.origins.values()) == {"default"}


def test_flags_win_over_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "serve.toml"
    file.write_text('host = "::1"\nport = 1\nspeech_slots = 1\n[limits]\nturn_seconds = 5\n[aliases]\nalloy = "anna"\n')
    environment = {"SPEECHTRT_PORT": "2", "SPEECHTRT_HOST": "0.0.0.0", "SPEECHTRT_ORIGINS": "https://a, https://b"}
    effective = read_settings({"port": 3}, file, environment)
    settings, origins = effective.settings, effective.origins
    assert (settings.host, settings.port, settings.speech_slots) == ("0.0.0.0", 3, 1)
    assert (settings.limits.turn_seconds, settings.limits.idle_seconds) == (5.0, 300.0)
    assert settings.aliases == {"alloy": "anna"}
    assert settings.origins == ("https://a", "https://b")
    assert [origins[n] for n in ("port", "host", "speech_slots", "stream_slots")] == [
        "flag",
        "environment",
        f"file {file}",
        "default",
    ]


def test_the_environment_has_lists(tmp_path: Path) -> None:
    environment = {"SPEECHTRT_ENGINES": "/a:/b", "SPEECHTRT_ALIASES": "whisper-1=ctc, tts-1=voice"}
    settings = read_settings({}, None, environment).settings
    assert settings.engines == (Path("/a"), Path("/b"))
    assert settings.aliases == {"whisper-1": "ctc", "tts-1": "voice"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("port = 70000", "port"),
        ('port = "many"', "port"),
        ("prot = 1", "no setting 'prot'"),
        ("[limits]\nturns = 1", "no setting 'turns'"),
        ("speech_slots = 0", "speech_slots"),
        ('log = "xml"', "log"),
        ("port =", "TOML"),
        ('tls_key = "k.pem"', "needs both"),
        ("[decoding]\nbeam = 0", "a beam of 0"),
        ("[decoding]\nbeems = 4", "no setting 'beems'"),
        ('[decoding]\nlm = "words.arpa"', "need a beam"),
        ("[acceptance]\nlength = 1", "no setting 'length'"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "serve.toml"
    file.write_text(text)
    with pytest.raises(ConfigError) as error:
        read_settings({}, file, {})
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_a_wrong_value_is_blamed_on_its_origin() -> None:
    with pytest.raises(ConfigError, match=r"port \(from environment\)"):
        read_settings({}, None, {"SPEECHTRT_PORT": "x"})
