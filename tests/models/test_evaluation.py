from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import read_audio
from speechtrt.errors import DataError
from speechtrt.models.data.manifest import Utterance, read_manifest, write_manifest
from speechtrt.models.data.sentences import Split, split_of
from speechtrt.models.data.voices import TRAINING_VARIANTS
from speechtrt.models.evaluation.selection import write_selection, write_test_set
from speechtrt.models.evaluation.utterances import dialect_utterances, evaluation_utterances


def test_the_shipped_utterances_are_held_out_and_small() -> None:
    utterances = evaluation_utterances()
    assert len(utterances) == 40
    assert {split_of(u.text) for u in utterances} == {Split.HELD_OUT}
    assert sum(u.path.stat().st_size for u in utterances) < 2_000_000
    assert min(Counter(u.voice for u in utterances).values()) >= 10


def test_the_shipped_audio_can_be_read() -> None:
    audio = [read_audio(u.path) for u in evaluation_utterances()]
    assert {a.rate for a in audio} == {16_000}
    assert all(1.0 <= a.seconds <= 4.0 for a in audio)
    assert all(abs(a.samples).max() > 0.1 for a in audio)


def test_the_dialect_test_set_is_balanced_held_out_and_small() -> None:
    utterances = dialect_utterances()
    assert Counter(u.dialect for u in utterances) == dict.fromkeys(
        ("standard", "southern", "british", "australian", "indian"), 100
    )
    assert {split_of(u.text) for u in utterances} == {Split.HELD_OUT}
    assert len({u.text for u in utterances}) == 500
    assert {"+" + u.voice.partition("+")[2] for u in utterances}.isdisjoint(TRAINING_VARIANTS)
    shipped = (*utterances, *evaluation_utterances())
    assert sum(u.path.stat().st_size for u in shipped) < 8_000_000
    assert {read_audio(u.path).rate for u in utterances[::25]} == {16_000}


def test_a_missing_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="one utterance per line"):
        evaluation_utterances(tmp_path)


def test_a_selection_takes_each_voice_in_turn(tone_data: Path, tmp_path: Path) -> None:
    longer = tmp_path / "set"
    (longer / "wav").mkdir(parents=True)
    for item in read_manifest(tone_data / "held_out"):
        (longer / item.audio).write_bytes((tone_data / "held_out" / item.audio).read_bytes())
    write_manifest(longer, [_second_long(u) for u in read_manifest(tone_data / "held_out")])
    write_selection(longer, tmp_path / "chosen", count=2, seed=1)
    chosen = evaluation_utterances(tmp_path / "chosen")
    assert {u.voice for u in chosen} == {"slt", "en-us"}


def test_a_test_set_keeps_the_sound_and_the_labels(tone_data: Path, tmp_path: Path) -> None:
    size = write_test_set(tone_data / "held_out", tmp_path)
    utterances, made = evaluation_utterances(tmp_path), read_manifest(tone_data / "held_out")
    assert [u.text for u in utterances] == [u.text for u in made]
    assert size == sum(u.path.stat().st_size for u in utterances)
    for utterance, original in zip(utterances, made, strict=True):
        heard, said = read_audio(utterance.path).samples, read_audio(tone_data / "held_out" / original.audio).samples
        assert np.corrcoef(heard, said)[0, 1] > 0.95


def _second_long(utterance: Utterance) -> Utterance:
    return replace(utterance, seconds=1.5)
