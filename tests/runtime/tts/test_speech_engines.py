"""The pipeline over real engines of a tiny random model."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from speechtrt.bundle import BundleFolder
from speechtrt.errors import BackendError, IntegrityError
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import INTERACTIVE, ChunkPlan, SpeechRequest
from speechtrt.runtime.tts.utterance import DropoutMasks

REQUESTS = [
    SpeechRequest("hello world", seed=1, steps=40),
    SpeechRequest("the quick brown fox jumps over the lazy dog", seed=2, steps=140, voice="ben"),
    SpeechRequest("a", seed=3, steps=3),
    SpeechRequest("it is 7:30. time for tea", seed=4, steps=25),
    SpeechRequest("one two three", seed=5, steps=61, plan=INTERACTIVE),
]


@pytest.fixture(scope="module")
def pipeline(tiny_tts_engines: Path) -> Iterator[Pipeline]:
    with Pipeline.open(tiny_tts_engines, slots=3, threads=1) as pipeline:
        yield pipeline


def test_a_row_is_the_same_alone_and_in_a_batch(pipeline: Pipeline) -> None:
    for request, speech in zip(REQUESTS, pipeline.synthesize_many(REQUESTS), strict=True):
        [alone] = pipeline.synthesize_many([request])
        assert speech.audio.samples.std() > 1e-4
        np.testing.assert_allclose(alone.audio.samples, speech.audio.samples, atol=1e-5)


@pytest.mark.parametrize("plan", [INTERACTIVE, ChunkPlan(7, 2, 50)])
def test_chunks_join_without_a_seam(pipeline: Pipeline, plan: ChunkPlan) -> None:
    [whole] = pipeline.synthesize_many([REQUESTS[1]])
    chunked = pipeline.synthesize(REQUESTS[1].text, "ben", seed=2, steps=140, plan=plan)
    np.testing.assert_allclose(chunked.audio.samples, whole.audio.samples, atol=1e-5)


def test_it_says_what_the_exported_graphs_say(pipeline: Pipeline, tts_bundle: BundleFolder) -> None:
    """The same sentence through the bundle's own graphs, whole and with copied caches."""
    from speechtrt.export.canonical import CanonicalRunner
    from speechtrt.export.families.speecht5_speech import Script, speak

    stages = {s.name: CanonicalRunner(tts_bundle.file(s.file)) for s in tts_bundle.manifest.stages}
    tokens = pipeline._front_end.prepare("hello world").sentences[0]
    assert pipeline.model.tts is not None
    dropout = np.empty((1, 40, 2, pipeline.model.tts.prenet_units), np.float32)
    masks = DropoutMasks.seeded(1, 0, 0.5)
    for step in range(40):
        masks.draw(dropout[0, step])
    script = Script([tokens.tolist()], pipeline.voices.get("anna"), dropout, (0,))
    spoken = speak(stages, tts_bundle.manifest.stage("decoder"), script, junk=0.0)
    mel = stages["postnet"]({"frames": spoken.frames.reshape(1, 80, -1)})["mel"]
    pcm = stages["vocoder"]({"mel": mel})["pcm"][0]
    [speech] = pipeline.synthesize_many([REQUESTS[0]])
    np.testing.assert_allclose(speech.audio.samples, pcm, atol=1e-4 * np.abs(pcm).max())


def test_a_ctc_model_cannot_speak(tiny_ctc_engines: Path) -> None:
    with pytest.raises(BackendError, match="holds a ctc model; expected a tts model"):
        Pipeline.open(tiny_ctc_engines)


def test_a_changed_voice_is_refused(tiny_tts_engines: Path, tmp_path: Path) -> None:
    import shutil

    copy = tmp_path / "engines"
    shutil.copytree(tiny_tts_engines, copy)
    np.save(copy / "voices" / "ben.npy", np.zeros(6, np.float32))
    with pytest.raises(IntegrityError, match="ben"):
        Pipeline.open(copy)


def test_no_slots_are_refused(tiny_tts_engines: Path) -> None:
    with pytest.raises(BackendError, match="0 slots"):
        Pipeline.open(tiny_tts_engines, slots=0)
