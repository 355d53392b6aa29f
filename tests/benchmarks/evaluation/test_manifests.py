"""Every format is read into the same entries, and what cannot be evaluated is named."""

import json
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, write_wav
from speechtrt.benchmarks.evaluation.manifests.detection import open_manifest
from speechtrt.benchmarks.evaluation.manifests.manifest import Entry, Problem, Skipped, bucket, make_manifest
from speechtrt.errors import DataError


def sound(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_wav(path, Audio(np.zeros(1600, np.float32), 16_000))
    return path


def summary(name: Path) -> list[tuple[str, str, str, dict[str, str]]]:
    return [(e.id, e.text, e.speaker, dict(e.columns)) for e in open_manifest(str(name)).entries]


def test_nemo(tmp_path: Path) -> None:
    sound(tmp_path / "a.wav"), sound(tmp_path / "b.wav")
    rows = [
        {"audio_filepath": "a.wav", "text": "one two", "duration": 0.1, "speaker": "anna", "device": "phone"},
        {"audio_filepath": "b.wav", "text": "three", "id": "second"},
    ]
    file = tmp_path / "m.jsonl"
    file.write_text("\n\n".join(json.dumps(row) for row in rows))
    assert summary(file) == [("a", "one two", "anna", {"device": "phone"}), ("second", "three", "second", {})]


def test_common_voice(tmp_path: Path) -> None:
    sound(tmp_path / "clips/x.wav")
    file = tmp_path / "test.tsv"
    file.write_text('client_id\tpath\tsentence\taccent\tage\nc1\tx.wav\tSay "this".\tScottish\t\n')
    assert summary(file) == [("x", 'Say "this".', "c1", {"accents": "Scottish"})]


def test_csv(tmp_path: Path) -> None:
    sound(tmp_path / "x.wav")
    file = tmp_path / "t.csv"
    file.write_text('audio,text,speaker,dialect\nx.wav,"one, two",s,southern\n')
    assert summary(file) == [("x", "one, two", "s", {"dialect": "southern"})]


def test_librispeech(tmp_path: Path) -> None:
    folder = tmp_path / "84/121"
    sound(folder / "84-121-0000.flac")
    (folder / "84-121.trans.txt").write_text("84-121-0000 GO ON\n")
    assert summary(tmp_path) == [("84-121-0000", "GO ON", "84", {"chapter": "121"})]


def test_kaldi(tmp_path: Path) -> None:
    sound(tmp_path / "u1.wav")
    (tmp_path / "wav.scp").write_text("u1 u1.wav\n")
    (tmp_path / "text").write_text("u1 go on\n")
    (tmp_path / "utt2spk").write_text("u1 bob\n")
    (tmp_path / "spk2gender").write_text("bob m\n")
    assert summary(tmp_path) == [("u1", "go on", "bob", {"gender": "m"})]


def test_shipped() -> None:
    found = open_manifest("dialects")
    assert len(found.entries) == 500 and "dialect" in found.columns and found.skipped == ()
    assert len(open_manifest("held-out", 7).entries) == 7


def test_what_cannot_be_evaluated_is_named_and_left_out(tmp_path: Path) -> None:
    audio = sound(tmp_path / "a.wav")
    entries = [
        Entry("a", audio, "one", "s"),
        Entry("a", audio, "again", "s"),
        Entry("b", audio, "  ", "s"),
        Entry("c", tmp_path / "none.wav", "one", "s"),
    ]
    found = make_manifest("m", entries)
    assert [e.id for e in found.entries] == ["a"]
    assert found.skipped == (
        Skipped("a", Problem.SEEN),
        Skipped("b", Problem.NO_TEXT),
        Skipped("c", Problem.NO_AUDIO),
    )
    with pytest.raises(DataError, match=r"m: has no utterance .*\(1: its audio file is missing\)"):
        make_manifest("m", entries[3:])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("m.jsonl", b'{"audio_filepath": "a.wav"}', "line 1 is .* expected a JSON object"),
        ("m.jsonl", b'{"text": "one"\n', "line 1 is"),
        ("m.jsonl", b"{}\n\xff\xfe", "line 2 is not UTF-8"),
        ("t.csv", b"file,text\n", "has no column audio; it has file, text"),
        ("t.csv", b"", "has no column audio and no text; it has none"),
        ("t.csv", b"audio,text\n,one\n", "line 2 is .* expected the path"),
        ("t.tsv", b"path\tsentence\n", "has no column client_id"),
        ("t.doc", b"", "is no manifest; expected dialects or held-out"),
    ],
)
def test_a_bad_manifest_is_one_clear_line(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        open_manifest(str(tmp_path / name))


def test_bad_folders_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither wav\.scp and text"):
        open_manifest(str(tmp_path))
    (tmp_path / "text").write_text("u1 go\n")
    (tmp_path / "wav.scp").write_text("u1 sox in.wav -t wav - |\n")
    with pytest.raises(DataError, match="u1 is a command; write its output to a file"):
        open_manifest(str(tmp_path))
    (tmp_path / "segments").write_text("")
    with pytest.raises(DataError, match="extract them to files"):
        open_manifest(str(tmp_path))


def test_an_unknown_column_is_refused() -> None:
    manifest = open_manifest("held-out", 2)
    manifest.expect_column("duration")
    with pytest.raises(DataError, match="has no column 'device'; it has speaker, duration"):
        manifest.expect_column("device")


@pytest.mark.parametrize(("seconds", "name"), [(0.5, "0-2 s"), (2.0, "2-5 s"), (19.9, "10-20 s"), (60.0, "over 20 s")])
def test_durations_fall_into_buckets(seconds: float, name: str) -> None:
    assert bucket(seconds) == name
