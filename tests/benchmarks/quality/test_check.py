"""The quality check on engines of tiny random models: equal sets pass, and what differs is found."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.quality.check import SpeechQuality
from speechtrt.benchmarks.quality.closeness import Reading
from speechtrt.benchmarks.quality.recogniser_check import compare_texts, shipped_recordings
from speechtrt.benchmarks.quality.voice_check import Reader, compare_readers, shipped_scripts
from speechtrt.engines.gate.quality import QualityCheck
from speechtrt.models.evaluation.utterances import evaluation_utterances

DIALECTS = ("standard", "southern", "british", "australian", "indian")


@pytest.fixture(scope="module")
def check(tiny_ctc_engines: Path) -> QualityCheck:
    return SpeechQuality(listener=tiny_ctc_engines, texts=2, seeds=2)


def test_a_voice_is_like_itself(check: QualityCheck, tiny_tts_engines: Path) -> None:
    report = check.compare(tiny_tts_engines, tiny_tts_engines)
    assert report.passed
    found = {f.metric: f.delta for f in report.figures}
    assert found["mcd_drift"] == found["round_trip_cer"] == found["round_trip_wer"] == 0.0
    assert {o.utterance for o in report.observations} == {"000001/0", "000001/1", "000011/0", "000011/1"}


def test_a_recogniser_is_like_itself(check: QualityCheck, tiny_ctc_engines: Path) -> None:
    report = check.compare(tiny_ctc_engines, tiny_ctc_engines)
    assert report.passed
    assert {f.group for f in report.figures if f.metric == "wer"} == {"all", *DIALECTS, "slt", "rms", "en-us"}


def test_sentences_that_the_speaker_recorded_come_first() -> None:
    scripts = shipped_scripts(["rms"], 15, 1)
    assert [s.recording is not None for s in scripts] == [True] * 13 + [False] * 2


def test_a_voice_that_turns_to_noise_fails() -> None:
    scripts = shipped_scripts(["slt"], 3, 1)
    good = [Reading(read_audio(s.recording)) for s in scripts if s.recording]
    noise = [Reading(noisy(r.audio)) for r in good]
    text = [s.text for s in scripts]
    observations = compare_readers(scripts, Reader(tuple(noise), ("",) * 3), Reader(tuple(good), tuple(text)))
    by_metric = {m: [o for o in observations if o.metric == m] for m in {o.metric for o in observations}}
    assert all(o.reference == 0 and o.value > 3 for o in by_metric["mcd"])
    assert all(o.value > 3 for o in by_metric["mcd_drift"])
    assert all(o.value < 0.9 for o in by_metric["stoi"])
    assert [o.value for o in by_metric["round_trip_wer"]] == [len(t.split()) for t in text]
    assert [o.reference for o in by_metric["round_trip_wer"]] == [0, 0, 0]


def test_without_recordings_there_is_drift_but_no_distance() -> None:
    scripts = [replace(s, recording=None) for s in shipped_scripts(["slt"], 1, 1)]
    reading = Reading(read_audio(evaluation_utterances()[0].path))
    found = {o.metric for o in compare_readers(scripts, Reader((reading,), ()), Reader((reading,), ()))}
    assert found == {"mcd_drift", "duration_ratio", "stoi"}


def test_words_are_compared_by_who_spoke() -> None:
    recordings = [r for r in shipped_recordings() if r.group in ("slt", "rms")][:2]
    texts = [recordings[0].text, "nothing"]
    rows = [o for o in compare_texts(recordings, texts, [r.text for r in recordings]) if o.metric == "wer"]
    assert [(o.group, o.value, o.reference) for o in rows] == [("slt", 0, 0), ("rms", 7, 0)]


def noisy(audio: Audio) -> Audio:
    noise = np.random.default_rng(0).normal(scale=0.1, size=len(audio.samples))
    return Audio((audio.samples + noise).astype(np.float32), audio.rate)
