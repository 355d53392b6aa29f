"""Decoding as a caller chooses it: on the command line, for a transcriber, for one stream."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from speechtrt.audio import Audio, write_wav
from speechtrt.cli import root
from speechtrt.errors import DataError, SpeechTRTError, TextError
from speechtrt.runtime.asr.decoding.base import Labels
from speechtrt.runtime.asr.decoding.decoders import Decoders
from speechtrt.runtime.asr.decoding.options import GREEDY, DecodingOptions, HotPhrase
from speechtrt.runtime.asr.decoding.shipped import language_model_file
from speechtrt.runtime.asr.options import RECORDING
from speechtrt.runtime.asr.transcriber import Transcriber


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    write_wav(path, Audio(np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32), 22_050))
    return path


def call(engines: Path, recording: Path, *options: object) -> Result:
    return CliRunner().invoke(root, ["transcribe", str(recording), "--engines", str(engines), *map(str, options)])


def result_of(result: Result) -> dict[str, object]:
    assert result.exit_code == 0, result.output
    [entry] = json.loads(result.stdout)["results"]
    assert isinstance(entry, dict)
    return entry


def test_alternatives_are_told_with_their_scores(tiny_ctc_engines: Path, recording: Path) -> None:
    entry = result_of(call(tiny_ctc_engines, recording, "--nbest", 3, "--json"))
    readings = entry["alternatives"]
    assert isinstance(readings, list) and len(readings) == 3
    assert readings[0]["text"] == entry["text"] and readings[0]["words"] == entry["words"]
    assert [r["score"] for r in readings] == sorted((r["score"] for r in readings), reverse=True)
    assert len({r["text"] for r in readings}) == 3
    assert "alternatives" not in result_of(call(tiny_ctc_engines, recording, "--beam", 4, "--json"))


def test_a_language_model_and_hot_words_change_what_is_heard(
    tiny_ctc_engines: Path, recording: Path, tmp_path: Path
) -> None:
    plain = result_of(call(tiny_ctc_engines, recording, "--nbest", 8, "--json"))
    readings = plain["alternatives"]
    assert isinstance(readings, list)
    word = next(w for reading in readings for w in reading["text"].split() if w not in str(plain["text"]).split())
    (tmp_path / "hot.txt").write_text(f"{word}\t50\n")
    hot = result_of(call(tiny_ctc_engines, recording, "--hotwords", tmp_path / "hot.txt", "--json"))
    assert word in str(hot["text"]).split()
    (tmp_path / "one.arpa").write_text(f"\\data\\\nngram 1=2\n\n\\1-grams:\n-0.1 {word}\n-20 <unk>\n\n\\end\\\n")
    modelled = result_of(call(tiny_ctc_engines, recording, "--lm", tmp_path / "one.arpa", "--lm-weight", 2, "--json"))
    assert word in str(modelled["text"]).split()


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--lm", "none.arpa"], "none.arpa: cannot be read as a language model (No such file or directory)"),
        (["--lm", "bad"], "bad: has no \\data\\ section; expected an n-gram model in ARPA format"),
        (
            ["--lm", "foreign"],
            "foreign: 2 of 2 words have letters that the model has no labels for, such as \u00e4\u00e4, ",
        ),
        (["--hotwords", "none.txt"], "none.txt: cannot be read as hot words (No such file or directory)"),
        (["--hotwords", "hot"], "hot phrase '\u00e4\u00e4': the model has no labels for '\u00e4\u00e4'"),
    ],
)
def test_bad_files_are_one_line(
    options: list[str],
    reason: str,
    tiny_ctc_engines: Path,
    recording: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad").write_text("text\n")
    Path("foreign").write_text("\\data\\\nngram 1=2\n\n\\1-grams:\n-1 \u00e4\u00e4\n-1 \u00f6\n\n\\end\\\n")
    Path("hot").write_text("\u00e4\u00e4\n")
    result = call(tiny_ctc_engines, recording, *options)
    assert isinstance(result.exception, SpeechTRTError), result.output
    assert reason in str(result.exception) and "\n" not in str(result.exception)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--lm-weight", "1"],
        ["--beam", "0"],
        ["--beam", "1000"],
        ["--nbest", "0"],
        ["--lm", "words", "--lm-weight", "-1"],
    ],
)
def test_wrong_usage(wrong: list[str], recording: Path, tmp_path: Path) -> None:
    assert call(tmp_path, recording, *wrong).exit_code == 2


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"beam": 0}, "expected 1 to 256"),
        ({"beam": 8, "alternatives": 0}, "expected 1 to 64"),
        ({"hot_words": (HotPhrase("a"),)}, "need a beam"),
        ({"alternatives": 2}, "need a beam"),
        ({"lm": Path("x")}, "need a beam"),
        ({"beam": 8, "hot_words": (HotPhrase("a"),) * 5001}, "at most 5000"),
        (
            {"beam": 8, "hot_words": (HotPhrase("a" * 100),) * 501},
            "of 50100 characters were given; expected at most 50000",
        ),
    ],
)
def test_options_that_contradict_each_other(wrong: dict[str, object], reason: str) -> None:
    with pytest.raises(TextError, match=reason):
        DecodingOptions(**wrong)  # type: ignore[arg-type]


def test_options_have_a_name_for_results() -> None:
    assert GREEDY.name == "greedy"
    options = DecodingOptions(16, Path("some/words.arpa.gz"), 0.5, 1.5, (HotPhrase("a"),))
    assert options.name == "beam 16, words.arpa.gz x 0.5, word bonus 1.5, hot phrases: 1"


def test_only_a_language_model_needs_a_bonus() -> None:
    assert (DecodingOptions(8).bonus, GREEDY.favouring(alternatives=2).bonus) == (0.0, 0.0)
    assert (DecodingOptions(8, Path("x")).bonus, DecodingOptions(8, Path("x"), word_bonus=1.0).bonus) == (4.0, 1.0)
    assert DecodingOptions(8).name == "beam 8"


def test_a_session_asks_for_more_than_the_default() -> None:
    assert GREEDY.favouring() is GREEDY
    asked = GREEDY.favouring((HotPhrase("a"),), 3)
    assert (asked.beam, asked.hot_words, asked.alternatives) == (8, (HotPhrase("a"),), 3)
    default = DecodingOptions(4, Path("x"), hot_words=(HotPhrase("a"),))
    assert default.favouring((HotPhrase("b"),)) == replace(default, hot_words=(HotPhrase("a"), HotPhrase("b")))


def test_every_stream_may_choose_its_own(tiny_ctc_engines: Path) -> None:
    audio = Audio(np.random.default_rng(0).normal(0, 0.1, 30_000).astype(np.float32), 16_000)
    with Transcriber.open(tiny_ctc_engines, decoding=DecodingOptions(beam=4)) as transcriber:
        assert transcriber.decoding == DecodingOptions(beam=4)
        plain = transcriber.transcribe(audio)
        asked = replace(RECORDING, decoding=transcriber.decoding.favouring(alternatives=2))
        assert plain.alternatives == ()
        assert transcriber.transcribe(audio, asked).alternatives[0].text == plain.text
        free = transcriber.places.taken
        for wrong in (DecodingOptions(8, Path("none")), DecodingOptions(8, hot_words=(HotPhrase("\u00e4"),))):
            with pytest.raises((DataError, TextError)):
                transcriber.stream(replace(RECORDING, decoding=wrong))
        assert transcriber.places.taken == free


def test_a_bad_model_is_found_before_the_first_stream(tiny_ctc_engines: Path) -> None:
    with pytest.raises(DataError, match="none: cannot be read"):
        Transcriber.open(tiny_ctc_engines, decoding=DecodingOptions(8, Path("none")))


def test_what_is_compiled_for_hot_words_is_shared_and_forgotten() -> None:
    decoders = Decoders.open(Labels(("\u2581a", "b", ""), 2), GREEDY)
    wanted = [GREEDY.favouring((HotPhrase("a" + "b" * count),)) for count in range(20)]
    first, again = (decoders.decoder(wanted[0]) for _ in range(2))
    assert first.fusion is again.fusion  # type: ignore[attr-defined]
    for options in wanted:
        decoders.decoder(options)
    assert len(decoders._fusions) <= 8


def test_streams_share_one_language_model(tiny_ctc_engines: Path) -> None:
    options = DecodingOptions(8, language_model_file("words"))
    with Transcriber.open(tiny_ctc_engines, decoding=options) as transcriber:
        first, second = transcriber.decoders.decoder(), transcriber.decoders.decoder(options.favouring(alternatives=2))
        assert first.fusion.model is second.fusion.model is not None  # type: ignore[attr-defined]
