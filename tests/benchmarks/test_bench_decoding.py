"""`speechtrt bench decoding` on a tiny model."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from speechtrt.audio import Audio, write_wav
from speechtrt.benchmarks.decoding.load import Spoken
from speechtrt.benchmarks.decoding.summary import summarise
from speechtrt.benchmarks.decoding.trial import DecodingTrial
from speechtrt.cli import root
from speechtrt.models.data.manifest import Utterance, write_manifest
from tests.benchmarks.schema_check import violations_in


def run(*options: object) -> str:
    result = CliRunner().invoke(root, ["bench", "decoding", *map(str, options)])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_every_way_hears_the_test_set(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    printed = run("--engines", tiny_ctc_engines, "--quick", "--out", tmp_path)
    document = json.loads((tmp_path / "decoding.json").read_text())
    assert violations_in(tmp_path / "decoding.json") == []
    assert document["kind"] == "decoding" and "quick run: a smoke test, not for quoting" in document["valid"]
    assert document["load"]["decodings"]["beam_8_words"].startswith("beam 8, words.arpa.gz x ")
    assert {t["chunk_milliseconds"] for t in document["trials"]} == {160, 560}
    assert set(document["trials"][0]["dialects"]) == {"australian", "british", "indian", "southern", "standard"}
    assert document["summary"]["greedy.chunk_160.word_error_ratio"] == 1.0
    assert document["summary"]["beam_8.chunk_560.decoding_seconds_per_audio_second"] > 0
    assert len(document["bars"]) == 2
    assert printed.count("| beam_8_words |") == 2


def test_tuning_hears_a_made_set(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, 16_000).astype(np.float32), 16_000)
    write_wav(tmp_path / "a.wav", noise)
    write_manifest(tmp_path, [Utterance("0", "a b", "espeak", "en-us", "a.wav", 1.0, None, None)])
    run("--engines", tiny_ctc_engines, "--quick", "--tune", "--data", tmp_path, "--out", tmp_path)
    document = json.loads((tmp_path / "decoding_tuning.json").read_text())
    assert document["load"]["set"] == tmp_path.name
    assert "weight_0_6_bonus_4.chunk_560.word_error_ratio" in document["summary"]


def test_a_set_that_is_missing_is_named(tiny_ctc_engines: Path, tmp_path: Path) -> None:
    options = ["bench", "decoding", "--engines", str(tiny_ctc_engines), "--tune", "--data", str(tmp_path / "none")]
    assert "manifest.jsonl: is missing" in str(CliRunner().invoke(root, options).exception)


def test_errors_are_compared_with_greedy_of_the_same_chunk() -> None:
    sound = Audio(np.zeros(16_000, np.float32), 16_000)
    spoken = [Spoken("a b", f"voice {i}", "", sound) for i in range(4)]
    trials = [DecodingTrial(way, 160, 1.0, 1.0, 0.0, 0.5, 0.1, 0.5, 0.5, {}) for way in ("greedy", "beam")]
    texts = {"greedy.chunk_160": ["a x"] * 4, "beam.chunk_160": ["a b", "a b", "a x", "a x"]}
    numbers = summarise(trials, texts, spoken)
    assert numbers["beam.chunk_160.word_error_ratio"] == 0.5
    assert numbers["beam.chunk_160.word_error_ratio_low"] == 0.0
    assert numbers["beam.chunk_160.word_error_ratio_high"] == 1.0
    assert numbers["beam.chunk_160.decoding_encoder_ratio"] == pytest.approx(0.2)
    assert numbers["beam.chunk_160.decoding_seconds_per_audio_second"] == pytest.approx(0.025)
