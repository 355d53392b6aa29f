"""The transcriber over real engines of a tiny random model."""

from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, Samples
from speechtrt.errors import BackendError
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.transcriber import Transcriber

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
    with Transcriber.open(tiny_ctc_engines, chunk, slots=3, threads=1) as transcriber:
        together = transcriber.transcribe_many(audios)
        assert len({t.text for t in together}) > 4
        assert [transcriber.transcribe(a).text for a in audios] == [t.text for t in together]


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100])
def test_pieces_sound_like_the_whole_beside_other_streams(tiny_ctc_engines: Path, rate: int) -> None:
    pcm, random = sound(60_000, seed=7), np.random.default_rng(rate)
    with Transcriber.open(tiny_ctc_engines, 160, slots=3, threads=1) as transcriber:
        whole = transcriber.transcribe(Audio(pcm, rate))
        with transcriber.stream() as other:
            other.accept(sound(40_000, seed=8), 16_000)
            transcriber.step()
            stream = transcriber.stream()
            for piece in np.split(pcm, np.sort(random.integers(0, len(pcm), 30))):
                stream.accept(piece, rate)
                transcriber.step()
            assert stream.flush().text == whole.text


@pytest.mark.parametrize("chunk", CHUNKS)
def test_streaming_equals_the_offline_model(tiny_ctc_engines: Path, ctc_checkpoint: Path, chunk: int) -> None:
    from speechtrt.export.families.fastconformer_parity import offline
    from speechtrt.models.ctc import load_ctc

    model = load_ctc(ctc_checkpoint)
    with Transcriber.open(tiny_ctc_engines, chunk, slots=2, threads=1) as transcriber:
        for samples in (1, 320, 8_960, 100_000):
            stream = transcriber.stream()
            stream.accept(sound(samples, seed=samples), 16_000)
            stream.flush()
            decoder = GreedyDecoder(model.config.blank)
            decoder.accept(offline(model, sound(samples, seed=samples), transcriber.chunk.frames - 1))
            found = stream._session._decoder
            assert found.frames == decoder.frames
            assert [t.label for t in found.tokens] == [t.label for t in decoder.tokens]


def test_a_tts_model_cannot_hear(tiny_tts_engines: Path) -> None:
    with pytest.raises(BackendError, match="holds a tts model; expected a ctc model"):
        Transcriber.open(tiny_tts_engines)
