import shutil
import struct
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import read_audio
from speechtrt.errors import DataError, StorageError
from speechtrt.models.data.dataset import Casting, make_set
from speechtrt.models.data.dialects import Dialect
from speechtrt.models.data.manifest import MANIFEST, read_manifest
from speechtrt.models.data.sets import choose, plans
from speechtrt.models.data.synthesis import RATE, speak
from speechtrt.models.data.voices import (
    ESPEAK_US,
    HELD_OUT_VARIANTS,
    RMS,
    SLT,
    TRAINING_VARIANTS,
    Delivery,
    Synthesizer,
    Voice,
    dialect_voices,
    espeak_voice,
)
from tests.models.conftest import no_room

USUAL = Delivery()


def install(folder: Path, program: str, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put a program of a few lines first on PATH."""
    path = folder / program
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def wrong_wav(samples: int) -> bytes:
    """A WAV as espeak-ng pipes it: the lengths in the header are far too large."""
    riff = struct.pack("<4sI4s", b"RIFF", 0x7FFFF024, b"WAVE")
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, 22050, 44100, 2, 16)
    header = riff + form + struct.pack("<4sI", b"data", 0x7FFFF000)
    return header + np.full(samples, 8192, dtype="<i2").tobytes()


@pytest.fixture
def fake_espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "speech.wav").write_bytes(wrong_wav(22050))
    install(tmp_path, "espeak-ng", f"cat {tmp_path}/speech.wav", monkeypatch)


@pytest.mark.parametrize("voice", [SLT, ESPEAK_US])
def test_a_missing_program_names_its_debian_package(voice: Voice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(DataError, match=f"Debian package {voice.synthesizer.value}"):
        speak("one", voice, USUAL)


@pytest.mark.usefixtures("fake_espeak")
def test_the_header_of_espeak_is_not_believed() -> None:
    speech = speak("one", ESPEAK_US, USUAL)
    assert speech.phones is None
    assert speech.audio.rate == RATE
    assert len(speech.audio.samples) == RATE
    assert speech.audio.samples[4000:12000] == pytest.approx(0.25, abs=0.01)


def test_a_failing_program_is_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "espeak-ng", "echo no such voice >&2; exit 3", monkeypatch)
    with pytest.raises(DataError, match=r"exited with 3 \(no such voice\)"):
        speak("one", ESPEAK_US, USUAL)


def test_a_silent_program_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(tmp_path, "espeak-ng", "true", monkeypatch)
    with pytest.raises(DataError, match="said nothing"):
        speak("one", ESPEAK_US, USUAL)


@pytest.mark.usefixtures("fake_espeak")
def test_a_set_is_whole_and_repeats(tmp_path: Path) -> None:
    casting = Casting((ESPEAK_US, Voice(Synthesizer.ESPEAK, "en-gb")))
    first = make_set(tmp_path / "a", ["one", "two", "three"], casting, seed=4, workers=1)
    assert first == read_manifest(tmp_path / "a") == make_set(tmp_path / "b", ["one", "two", "three"], casting, 4, 1)
    assert [u.text for u in first] == ["one", "two", "three"]
    assert all(read_audio(tmp_path / "a" / u.audio).rate == RATE for u in first)


@pytest.mark.usefixtures("fake_espeak")
def test_a_full_disk_leaves_no_half_set(tmp_path: Path) -> None:
    with no_room(), pytest.raises(StorageError, match="make room or choose another place"):
        make_set(tmp_path / "a", ["one", "two"], [ESPEAK_US], seed=4, workers=1)
    assert not (tmp_path / "a" / MANIFEST).exists()


@pytest.mark.usefixtures("fake_espeak")
def test_noise_and_rooms_repeat_and_are_named(tmp_path: Path) -> None:
    casting = Casting(dialect_voices(Dialect.BRITISH, ("", "+m1")), conditions=True, in_turn=True)
    texts = ["one", "two", "three", "four"] * 3
    first = make_set(tmp_path / "a", texts, casting, seed=4, workers=1)
    assert first == make_set(tmp_path / "b", texts, casting, seed=4, workers=1)
    assert [(tmp_path / "a" / u.audio).read_bytes() for u in first] == [
        (tmp_path / "b" / u.audio).read_bytes() for u in first
    ]
    assert [u.voice for u in first[:3]] == ["en-gb", "en-gb+m1", "en-gb-x-rp"]
    assert {u.dialect for u in first} == {"british"}
    assert {u.origin for u in first} == {"synthetic"}
    assert len({u.condition for u in first}) > 3


def test_a_voice_belongs_to_the_group_of_its_language() -> None:
    assert espeak_voice("en-gb-scotland+m3").dialect is Dialect.BRITISH
    assert espeak_voice("en-us").dialect is Dialect.STANDARD
    assert espeak_voice("en-029+f1").dialect is None


def test_held_out_voices_are_in_no_training_set() -> None:
    sets = {plan.name: plan for plan in plans()}
    judged = {voice.name for name in ("dialect_dev", "dialect_test") for voice in sets[name].casting.voices}
    names = ("slt", "train", "dialects", "dialects_more")
    trained = {voice.name for name in names for voice in sets[name].casting.voices}
    assert judged.isdisjoint(trained)
    assert {name.partition("+")[1] + name.partition("+")[2] for name in judged} == set(HELD_OUT_VARIANTS)
    assert set(HELD_OUT_VARIANTS).isdisjoint(TRAINING_VARIANTS)


@pytest.mark.parametrize("name", ["dialects", "dialect_test"])
def test_the_groups_are_balanced(name: str) -> None:
    plan = next(plan for plan in plans() if plan.name == name)
    counts = [sum(voice.dialect is dialect for voice in plan.casting.voices) for dialect in Dialect]
    assert len(set(counts)) == 1


def test_an_unknown_set_is_named() -> None:
    with pytest.raises(DataError, match="held_out"):
        choose(("nonsense",))


@pytest.mark.system
@pytest.mark.parametrize("voice", [SLT, RMS])
def test_flite_tells_its_phones(voice: Voice) -> None:
    assert shutil.which("flite"), "install the Debian package flite"
    speech = speak("seven", voice, USUAL)
    assert speech.phones is not None
    assert [name for name, _ in speech.phones] == ["pau", "s", "eh", "v", "ax", "n", "pau"]
    assert speech.phones[-1][1] == pytest.approx(speech.audio.seconds, abs=0.1)


@pytest.mark.system
def test_espeak_speaks_slower_when_asked() -> None:
    assert shutil.which("espeak-ng"), "install the Debian package espeak-ng"
    usual, slow = (speak("one two three", ESPEAK_US, Delivery(stretch)) for stretch in (1.0, 1.3))
    assert slow.audio.seconds > 1.1 * usual.audio.seconds


@pytest.mark.system
@pytest.mark.parametrize("dialect", Dialect)
def test_every_group_speaks_in_its_own_way(dialect: Dialect) -> None:
    said = speak("the pen was in the water for nine days", dialect_voices(dialect, ("",))[0], USUAL).audio
    others = [
        speak("the pen was in the water for nine days", dialect_voices(other, ("",))[0], USUAL).audio
        for other in Dialect
        if other is not dialect
    ]
    assert 1.5 < said.seconds < 4.0
    assert all(said.samples.shape != o.samples.shape or (said.samples != o.samples).any() for o in others)
