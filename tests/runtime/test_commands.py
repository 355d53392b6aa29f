"""`synth` and `transcribe` as a user calls them."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from click.testing import CliRunner, Result

from speechtrt.audio import Audio, read_audio, write_wav
from speechtrt.cli import root
from speechtrt.errors import SpeechTRTError


def call(*arguments: object) -> Result:
    return CliRunner().invoke(root, [str(a) for a in arguments])


def refusal(*arguments: object) -> str:
    result = call(*arguments)
    assert isinstance(result.exception, SpeechTRTError), result.output
    assert "\n" not in str(result.exception)
    return str(result.exception)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    write_wav(path, Audio(np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32), 22_050))
    return path


def test_synth_writes_a_wav_and_a_document(tiny_tts_engines: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    result = call("synth", "hello at 7:30", "-o", out, "--engines", tiny_tts_engines, "--voice", "ben", "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    audio = read_audio(out)
    assert document["schema"] == 1
    assert document["file"] == str(out)
    assert document["sample_rate"] == audio.rate == 16_000
    assert document["duration_seconds"] == pytest.approx(audio.seconds, abs=1e-3)
    assert document["engine"] == "ort-cpu-fp32"
    assert document["first_audio_seconds"] > 0
    [warning] = document["warnings"]
    assert "sentence 1 repeated itself and was cut" in warning  # as random weights do
    assert result.stderr == f"warning: {warning}\n"


def test_synth_says_the_same_twice(tiny_tts_engines: Path, tmp_path: Path) -> None:
    sounds = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        out = tmp_path / f"{name}.wav"
        assert call("synth", "hello", "-o", out, "--engines", tiny_tts_engines, "--seed", seed).exit_code == 0
        sounds.append(out.read_bytes())
    assert sounds[0] == sounds[1] != sounds[2]


def test_synth_speaks_a_file(tiny_tts_engines: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("first line\nsecond line.\nthird!")
    out = tmp_path / "out.wav"
    result = call("synth", "--file", tmp_path / "text.txt", "-o", out, "--engines", tiny_tts_engines)
    assert result.exit_code == 0, result.output
    assert "out.wav" in result.stderr and result.stdout == ""
    assert out.is_file()


@pytest.mark.parametrize("kind", ["wav", "flac", "mp3", "opus"])
def test_synth_writes_every_format(tiny_tts_engines: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / f"out.{kind}"
    assert call("synth", "hello", "-o", out, "--engines", tiny_tts_engines).exit_code == 0
    wav = tmp_path / "reference.wav"
    assert call("synth", "hello", "-o", wav, "--engines", tiny_tts_engines).exit_code == 0
    audio, reference = read_audio(out), read_audio(wav)
    assert audio.rate == reference.rate
    assert audio.seconds == pytest.approx(reference.seconds, abs=0.1)
    assert soundfile.info(str(out)).format == {"opus": "OGG"}.get(kind, kind.upper())


def test_a_stream_is_the_same_sound(tiny_tts_engines: Path, tmp_path: Path) -> None:
    whole, made, raw = tmp_path / "whole.wav", tmp_path / "made.wav", tmp_path / "made.raw"
    for out, more in ((whole, ()), (made, ("--stream",)), (raw, ("--stream",))):
        assert call("synth", "hello there", "-o", out, "--engines", tiny_tts_engines, *more).exit_code == 0
    expected = soundfile.read(whole, dtype="int16")[0]
    assert np.abs(soundfile.read(made, dtype="int16")[0].astype(int) - expected).max() <= 1
    assert np.abs(np.frombuffer(raw.read_bytes(), "<i2").astype(int) - expected).max() <= 1


@pytest.mark.parametrize("more", [(), ("--stream",), ("--format", "raw"), ("--format", "raw", "--stream")])
def test_sound_goes_to_stdout(tiny_tts_engines: Path, more: tuple[str, ...]) -> None:
    result = call("synth", "hello", "-o", "-", "--engines", tiny_tts_engines, *more)
    assert result.exit_code == 0, result.output
    assert result.stdout_bytes.startswith(b"RIFF") != ("raw" in more)
    assert len(result.stdout_bytes) > 1000


def test_a_stream_that_fails_leaves_nothing(tiny_tts_engines: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.wav"
    assert "can be spoken" in refusal("synth", "?!", "-o", out, "--stream", "--engines", tiny_tts_engines)
    assert not out.exists()
    (tmp_path / "folder.wav").mkdir()
    assert call("synth", "hi", "-o", tmp_path / "folder.wav", "--stream", "--engines", tiny_tts_engines).exit_code == 2


def test_synth_refuses_in_one_line_and_writes_nothing(tiny_tts_engines: Path, tmp_path: Path) -> None:
    out, engines = tmp_path / "out.wav", ("--engines", tiny_tts_engines)
    (tmp_path / "latin.txt").write_bytes(b"caf\xe9")
    assert "empty" in refusal("synth", "", "-o", out, *engines)
    assert "can be spoken" in refusal("synth", "!?", "-o", out, *engines)
    assert "this model has anna, ben" in refusal("synth", "hi", "-o", out, "--voice", "zoe", *engines)
    assert "no such folder" in refusal("synth", "hi", "-o", tmp_path / "none" / "out.wav", *engines)
    assert "not UTF-8" in refusal("synth", "--file", tmp_path / "latin.txt", "-o", out, *engines)
    assert not out.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        ["-o", "x.wav"],
        ["hi", "--file", __file__, "-o", "x.wav"],
        ["hi", "-o", "x.txt"],
        ["hi", "-o", "x"],
        ["hi"],
        ["hi", "-o", "-", "--json"],
        ["hi", "-o", "x.mp3", "--stream"],
    ],
)
def test_synth_explains_wrong_usage(wrong: list[str]) -> None:
    assert call("synth", *wrong).exit_code == 2


def test_transcribe_prints_a_document(tiny_ctc_engines: Path, recording: Path) -> None:
    result = call("transcribe", recording, "--engines", tiny_ctc_engines, "--json")
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    [entry] = document["results"]
    assert (document["schema"], entry["model"], entry["engine"]) == (1, "tiny-ctc", "ort-cpu-fp32")
    assert list(entry) == ["file", "text", "duration_seconds", "words", "model", "engine"]
    assert entry["file"] == str(recording)
    assert entry["duration_seconds"] == pytest.approx(30_000 / 22_050, abs=1e-3)
    assert entry["text"] == " ".join(w["word"] for w in entry["words"]) != ""
    ends = [0.0, *(t for w in entry["words"] for t in (w["start"], w["end"]))]
    assert ends == sorted(ends) and ends[-1] <= entry["duration_seconds"]
    assert all(0 < w["confidence"] <= 1 for w in entry["words"])


def test_transcribe_takes_any_format_and_rate(tiny_ctc_engines: Path, recording: Path, tmp_path: Path) -> None:
    audio = read_audio(recording)
    for rate, suffix in ((8_000, "flac"), (48_000, "ogg")):
        soundfile.write(tmp_path / f"copy.{suffix}", audio.resampled(rate).samples, rate)
    files = [tmp_path / "copy.flac", tmp_path / "copy.ogg", recording]
    result = call("transcribe", *files, "--engines", tiny_ctc_engines, "--chunk", 160)
    assert result.exit_code == 0, result.output
    assert [line.partition(": ")[0] for line in result.stdout.splitlines()] == [str(f) for f in files]


def test_transcribe_prints_word_times(tiny_ctc_engines: Path, recording: Path) -> None:
    result = call("transcribe", recording, "--engines", tiny_ctc_engines, "--timestamps")
    text, *lines = result.stdout.splitlines()
    assert [line.split()[-1] for line in lines] == text.split()


def test_transcribe_writes_one_file_for_each(tiny_ctc_engines: Path, recording: Path, tmp_path: Path) -> None:
    files = [recording, *(tmp_path / f"{name}.wav" for name in "abc")]
    for path in files[1:]:
        path.write_bytes(recording.read_bytes())
    for form, start in (("srt", "1\n00:00:0"), ("vtt", "WEBVTT\n\n00:00:0"), ("json", '{\n  "schema": 1'), ("txt", "")):
        result = call("transcribe", *files, "--engines", tiny_ctc_engines, "--format", form, "--out", tmp_path / "out")
        assert result.exit_code == 0 and result.stdout == "", result.output
        texts = [(tmp_path / "out" / f"{path.stem}.{form}").read_text() for path in files]
        assert all(text.startswith(start) and len(text) > 5 for text in texts)
        assert form == "json" or len(set(texts)) == 1
    assert len(list((tmp_path / "out").iterdir())) == 16


def test_transcribe_prints_subtitles_of_one_file(tiny_ctc_engines: Path, recording: Path) -> None:
    result = call("transcribe", recording, "--engines", tiny_ctc_engines, "--format", "srt")
    assert result.exit_code == 0 and " --> " in result.stdout


def test_transcribe_counts_many_files(tiny_ctc_engines: Path, recording: Path, tmp_path: Path) -> None:
    files = [tmp_path / f"{number}.wav" for number in range(40)]
    for path in files:
        path.write_bytes(recording.read_bytes())
    result = call("transcribe", *files, "--engines", tiny_ctc_engines)
    assert [line.partition(": ")[0] for line in result.stdout.splitlines()] == [str(path) for path in files]
    assert result.stderr.splitlines()[-1] == "transcribing: 40 of 40"
    assert len(result.stderr.splitlines()) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        ["--model", "ctc-small", "--engines", "."],
        ["--format", "srt", "a.wav"],
        ["--format", "mp4"],
        ["--out", "x", "folder/a.wav", "other/a.wav"],
    ],
)
def test_transcribe_explains_wrong_usage(wrong: list[str]) -> None:
    assert call("transcribe", "b.wav", *wrong).exit_code == 2


def test_transcribe_says_when_it_cannot_write(tiny_ctc_engines: Path, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    options = ("--engines", tiny_ctc_engines, "--out", tmp_path / "file" / "out")
    assert "choose another --out" in refusal("transcribe", recording, *options)


def test_transcribe_goes_on_after_a_bad_file(tiny_ctc_engines: Path, recording: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.wav").write_bytes(b"")
    soundfile.write(tmp_path / "silent.wav", np.zeros(0), 16_000)
    bad = [tmp_path / "empty.wav", tmp_path / "none.wav", tmp_path / "silent.wav"]
    result = call("transcribe", *bad, recording, "--engines", tiny_ctc_engines)
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    for path, line in zip(bad, result.stderr.splitlines(), strict=True):
        assert line.startswith(f"speechtrt: {path}: ")


def test_transcribe_names_the_known_chunks(tiny_ctc_engines: Path, recording: Path) -> None:
    assert "it has 160, 560" in refusal("transcribe", recording, "--engines", tiny_ctc_engines, "--chunk", 80)


def test_without_engines_the_way_to_make_them_is_named(
    recording: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "make engines" in refusal("synth", "hi", "-o", "out.wav")
    assert "make engines" in refusal("transcribe", recording)


def test_the_runtime_needs_neither_torch_nor_onnx(
    tiny_tts_engines: Path, tiny_ctc_engines: Path, tmp_path: Path
) -> None:
    code = (
        "import sys; from speechtrt.cli import root\n"
        f"root.main(['synth', 'hi', '-o', 'out.wav', '--engines', {str(tiny_tts_engines)!r}], standalone_mode=False)\n"
        f"root.main(['transcribe', 'out.wav', '--engines', {str(tiny_ctc_engines)!r}], standalone_mode=False)\n"
        "heavy = {'torch', 'transformers', 'onnx'} & set(sys.modules); sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
