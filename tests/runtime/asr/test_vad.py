"""Silence by a voice detector."""

import numpy as np
import pytest

from speechtrt.audio import Samples, read_audio
from speechtrt.errors import BackendError
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.runtime.asr.endpoint import Endpointing, EndpointRule
from speechtrt.runtime.asr.events import Cause, Final
from speechtrt.runtime.asr.options import StreamOptions
from speechtrt.runtime.asr.vad import SileroDetector, Voice
from tests.runtime.asr.streams import RATE, fake_transcriber, finish, noise


class Loud:
    """Takes everything above a whisper for speech."""

    samples = 512

    def voice(self, piece: Samples) -> float:
        return float(np.abs(piece).max() > 0.1)


def test_frames_with_any_speech_are_not_silent() -> None:
    pcm = np.zeros(1280 * 10, np.float32)
    pcm[1280 * 3 + 100] = 1.0
    whole, pieces = Voice(Loud(), 1280), Voice(Loud(), 1280)
    whole.push(pcm)
    for piece in np.array_split(pcm, 17):
        pieces.push(piece)
    silent = [whole.silent(number) for number in range(12)]
    assert silent == [pieces.silent(number) for number in range(12)]
    assert not silent[3] and silent[:2] == [True, True] and all(silent[5:])


def test_a_stream_ends_utterances_where_the_detector_hears_silence() -> None:
    rules = Endpointing((EndpointRule(silence=0.8, speech=True),))
    pcm = np.concatenate([noise(16_000), noise(16_000) * 0.05, noise(16_000), noise(16_000) * 0.05])
    with fake_transcriber() as transcriber:
        stream = transcriber.stream(StreamOptions(endpointing=rules, detector=Loud))
        stream.accept(pcm, RATE)
        finals = [event for event in finish(stream) if isinstance(event, Final)]
    assert [final.cause for final in finals[:2]] == [Cause.SILENCE, Cause.SILENCE]
    assert 1.0 < finals[0].end < 1.9 and 1.8 < finals[1].start < 3.0 < finals[1].end < 3.9


def test_silero_hears_speech_and_silence() -> None:
    detector = SileroDetector()
    assert detector.voice(np.zeros(detector.samples, np.float32)) < 0.1
    audio = read_audio(evaluation_utterances(None)[0].path).resampled(RATE).samples
    pieces = [audio[i : i + detector.samples] for i in range(0, len(audio) - detector.samples, detector.samples)]
    assert np.median([detector.voice(piece) for piece in pieces]) > 0.8


def test_without_the_wheel_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechtrt.runtime.asr.vad.find_spec", lambda name: None)
    with pytest.raises(BackendError, match=r"pip install 'speechtrt\[vad\]'"):
        SileroDetector()
