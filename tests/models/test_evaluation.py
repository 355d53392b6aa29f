from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from speechtrt.audio import read_audio
from speechtrt.errors import DataError
from speechtrt.models.data.manifest import Utterance, read_manifest, write_manifest
from speechtrt.models.data.sentences import Split, split_of
from speechtrt.models.evaluation.selection import write_selection
from speechtrt.models.evaluation.utterances import evaluation_utterances


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


def _second_long(utterance: Utterance) -> Utterance:
    return replace(utterance, seconds=1.5)
