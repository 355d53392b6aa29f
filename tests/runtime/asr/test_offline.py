"""Whole recordings through real engines: neighbours, order, length and rate change nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from speechtrt.audio import Audio, read_audio, write_wav
from speechtrt.errors import AudioError, BackendError
from speechtrt.runtime.asr.command import transcribe
from speechtrt.runtime.asr.decoding.options import DecodingOptions
from speechtrt.runtime.asr.offline import OfflineTranscriber
from speechtrt.runtime.asr.opening import open_transcriber

RATE = 16_000


def sound(seconds: float, seed: int) -> Audio:
    """Tones that change every fifth of a second."""
    generator = np.random.default_rng(seed)
    pitch = np.repeat(generator.uniform(100, 3000, round(seconds * 5) + 1), RATE // 5)[: round(seconds * RATE)]
    return Audio((0.3 * np.sin(2 * np.pi * np.cumsum(pitch) / RATE)).astype(np.float32), RATE)


@pytest.fixture(scope="module")
def transcriber(offline_engines: Path) -> Iterator[OfflineTranscriber]:
    with OfflineTranscriber.open(offline_engines, batch=3, threads=1) as transcriber:
        yield transcriber


def test_a_recording_is_the_same_alone_and_in_any_batch(transcriber: OfflineTranscriber) -> None:
    audios = [sound(seconds, seed) for seed, seconds in enumerate((1.0, 0.31, 2.2, 0.7, 1.6))]
    together = transcriber.transcribe_many(audios)
    assert [transcriber.transcribe(audio) for audio in audios] == together
    assert transcriber.transcribe_many(audios[::-1]) == together[::-1]
    assert len({transcript.text for transcript in together}) == len(audios)


def test_words_lie_within_the_recording(transcriber: OfflineTranscriber) -> None:
    transcript = transcriber.transcribe(sound(2.2, 2))
    assert transcript.words
    assert all(0 <= word.start <= word.end <= 2.2 and word.word for word in transcript.words)
    assert transcript.text == " ".join(word.word for word in transcript.words)


def test_a_recording_longer_than_the_encoder_takes(transcriber: OfflineTranscriber) -> None:
    transcript = transcriber.transcribe(sound(33.0, 7))
    assert transcript.duration_seconds == 33.0
    starts = [word.start for word in transcript.words]
    assert starts == sorted(starts)
    assert starts[0] < 2 and transcript.words[-1].end > 30


def test_other_rates_and_tiny_recordings(transcriber: OfflineTranscriber) -> None:
    assert transcriber.transcribe(Audio(sound(1.0, 1).samples, 8000)).duration_seconds == 2.0
    assert transcriber.transcribe(Audio(np.zeros(3, np.float32), RATE)).duration_seconds == 0.0
    assert transcriber.transcribe_many([]) == []


def test_bad_samples_are_refused(transcriber: OfflineTranscriber) -> None:
    with pytest.raises(AudioError, match="recording 1 holds NaN"):
        transcriber.transcribe_many([sound(0.5, 1), Audio(np.full(900, np.nan, np.float32), RATE)])


def test_the_command_line_needs_no_hint(offline_engines: Path, tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", sound(1.0, 3))
    result = CliRunner().invoke(transcribe, [str(tmp_path / "a.wav"), "--engines", str(offline_engines), "--json"])
    assert result.exit_code == 0, result.output
    (found,) = json.loads(result.stdout)["results"]
    with open_transcriber(offline_engines, 560, 1) as transcriber:
        (heard,) = transcriber.completions([read_audio(tmp_path / "a.wav")])
    assert (found["text"], found["duration_seconds"]) == (heard.transcript.text, 1.0)


def test_a_beam_tells_alternatives(offline_engines: Path) -> None:
    decoding = DecodingOptions(beam=4, alternatives=2)
    with OfflineTranscriber.open(offline_engines, threads=1, decoding=decoding) as transcriber:
        heard = transcriber.transcribe(sound(1.6, 3))
    assert len(heard.alternatives) == 2 and heard.alternatives[0].text == heard.text
    assert heard.alternatives[0].words == heard.words


def test_many_recordings_come_in_groups(transcriber: OfflineTranscriber) -> None:
    audios = [sound(0.3 + 0.02 * index, index) for index in range(14)]
    done = list(transcriber.completions(iter(audios)))
    assert [t.index for t in done] == list(range(14))
    assert [t.transcript for t in done] == transcriber.transcribe_many(audios)


def test_a_streaming_model_is_no_offline_one(tiny_ctc_engines: Path) -> None:
    with pytest.raises(BackendError, match="holds no offline CTC model"):
        OfflineTranscriber.open(tiny_ctc_engines)
