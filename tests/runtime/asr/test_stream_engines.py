"""The transcriber over real engines of a tiny random model."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, Samples
from speechtrt.errors import BackendError
from speechtrt.runtime.asr.decoding.base import Frames, Labels, LogProbs
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.endpoint import Endpointing
from speechtrt.runtime.asr.options import RECORDING, StreamOptions
from speechtrt.runtime.asr.transcriber import Transcriber
from tests.runtime.asr.streams import finish, words_of

CHUNKS = (160, 560)


def sound(samples: int, seed: int = 0) -> Samples:
    """Noise whose loudness wanders, so that the frames differ."""
    random = np.random.default_rng(seed)
    envelope = np.repeat(random.uniform(0.001, 0.5, samples // 800 + 1), 800)[:samples]
    return (random.standard_normal(samples) * envelope).astype(np.float32)


LENGTHS = (48_000, 1, 9_001, 130_000, 17_920, 33_333, 320)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_recording_is_the_same_alone_and_in_a_batch(tiny_ctc_engines: Path, chunk: int) -> None:
    audios = [Audio(sound(n, seed=n), 16_000) for n in LENGTHS]
    with Transcriber.open(tiny_ctc_engines, (chunk,), slots=3) as transcriber:
        together = transcriber.transcribe_many(audios)
        assert len({t.text for t in together}) > 4
        assert [transcriber.transcribe(a).text for a in audios] == [t.text for t in together]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_pieces_sound_like_the_whole_beside_other_streams(tiny_ctc_engines: Path, rate: int) -> None:
    pcm, random = sound(60_000, seed=7), np.random.default_rng(rate)
    with Transcriber.open(tiny_ctc_engines, slots=3) as transcriber:
        options = replace(RECORDING, chunk_milliseconds=160)
        whole = transcriber.transcribe(Audio(pcm, rate), options)
        with transcriber.stream(options) as other, transcriber.stream() as larger:
            stream = transcriber.stream(options)
            for piece in np.split(pcm, np.sort(random.integers(0, len(pcm), 30))):
                stream.accept(piece, rate)
                other.accept(sound(2_000, seed=8), 16_000)
                larger.accept(sound(2_000, seed=9), 16_000)
            assert words_of(finish(stream)) == whole.words


@pytest.mark.parametrize("chunk", CHUNKS)
def test_streaming_equals_the_offline_model(tiny_ctc_engines: Path, ctc_checkpoint: Path, chunk: int) -> None:
    from speechtrt.export.families.fastconformer_parity import offline
    from speechtrt.models.ctc import load_ctc

    model = load_ctc(ctc_checkpoint)
    heard: list[Recorder] = []

    def recorder(labels: Labels) -> Recorder:
        heard.append(Recorder(labels))
        return heard[-1]

    frames = {160: 2, 560: 7}[chunk]
    with Transcriber.open(tiny_ctc_engines, slots=2) as transcriber:
        for samples in (1, 320, 8_960, 100_000):
            options = StreamOptions(chunk, decoding=recorder, endpointing=Endpointing(()))
            stream = transcriber.stream(options)
            stream.accept(sound(samples, seed=samples), 16_000)
            finish(stream)
            expected = Frames.of(offline(model, sound(samples, seed=samples), frames - 1))
            assert heard[-1].numbers == list(range(len(expected)))
            assert heard[-1].best == expected.labels


@pytest.mark.parametrize("chunk", CHUNKS)
def test_neighbours_change_nothing_to_the_bit(tiny_ctc_engines: Path, chunk: int) -> None:
    heard: dict[int, list[Recorder]] = {1: [], 6: []}
    for streams, recorders in heard.items():
        with Transcriber.open(tiny_ctc_engines, (chunk,), slots=6, workers=1) as transcriber:
            for index in range(streams):

                def recorder(labels: Labels, kept: list[Recorder] = recorders) -> Recorder:
                    kept.append(Recorder(labels))
                    return kept[-1]

                stream = transcriber.stream(StreamOptions(chunk, decoding=recorder))
                stream.accept(sound(60_000 + 9_000 * index, seed=index), 16_000)
                stream.end()
            for _ in stream:
                pass
    alone, together = heard[1][0], heard[6][0]
    assert len(alone.log_probs) > 30
    assert np.array_equal(alone.log_probs, together.log_probs[: len(alone.log_probs)])


@dataclass
class Recorder(GreedyDecoder):
    """Greedy decoding that keeps what it was given."""

    numbers: list[int] = field(default_factory=list)
    best: list[int] = field(default_factory=list)
    log_probs: list[LogProbs] = field(default_factory=list)

    def accept(self, frames: Frames) -> None:
        self.numbers += range(frames.first, frames.first + len(frames))
        self.best += frames.labels
        self.log_probs += list(frames.log_probs.copy())
        super().accept(frames)


def test_a_tts_model_cannot_hear(tiny_tts_engines: Path) -> None:
    with pytest.raises(BackendError, match="holds a tts model; expected a ctc model"):
        Transcriber.open(tiny_tts_engines)
