"""The pipeline over real engines of a tiny random model."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError, IntegrityError, TextError
from speechtrt.precision import BackendName, Precision
from speechtrt.runtime.policy.guard import GuardPolicy
from speechtrt.runtime.tts.dropout import DropoutMasks
from speechtrt.runtime.tts.opening import open_pipeline
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.speech import INTERACTIVE, ChunkPlan, SpeechRequest
from speechtrt.runtime.tts.synthesizer import Synthesizer

REQUESTS = [
    SpeechRequest("hello world", seed=1, steps=40),
    SpeechRequest("the quick brown fox jumps over the lazy dog", seed=2, steps=140, voice="ben"),
    SpeechRequest("a", seed=3, steps=3),
    SpeechRequest("it is 7:30. time for tea", seed=4, steps=25),
    SpeechRequest("one two three", seed=5, steps=61, plan=INTERACTIVE),
]


@pytest.fixture(scope="module")
def pipeline(tiny_tts_engines: Path) -> Iterator[Pipeline]:
    with open_pipeline(tiny_tts_engines, slots=3, threads=1) as pipeline:
        yield pipeline


def test_a_row_is_the_same_alone_and_in_a_batch(pipeline: Pipeline) -> None:
    for request, speech in zip(REQUESTS, pipeline.synthesize_many(REQUESTS), strict=True):
        [alone] = pipeline.synthesize_many([request])
        assert speech.audio.samples.std() > 1e-4
        np.testing.assert_array_equal(alone.audio.samples, speech.audio.samples)


def test_overlap_changes_no_sample(pipeline: Pipeline, tiny_tts_engines: Path) -> None:
    expected = pipeline.synthesize_many(REQUESTS)
    with Synthesizer.open(tiny_tts_engines, slots=3, threads=1) as synthesizer:
        for _ in range(3):
            streams = [synthesizer.start(request) for request in REQUESTS]
            for stream, speech in zip(streams, expected, strict=True):
                np.testing.assert_array_equal(stream.result().audio.samples, speech.audio.samples)


@pytest.fixture(scope="module")
def int8_engines(tts_bundle: BundleFolder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from speechtrt.engines.builder import build_engine_set

    out = tmp_path_factory.mktemp("int8")
    folder = out / "ort-cpu-int8"
    build_engine_set(
        tts_bundle.path,
        BackendName.ORT_CPU,
        Precision.INT8,
        folder,
        cache=out / "cache",
        most_time=1e9,  # tiny engines gain nothing from INT8
        say=lambda _: None,
    )
    assert EngineFolder.open(folder).manifest.stage("decoder").precision is Precision.INT8
    return folder


def test_a_row_is_the_same_in_int8_too(int8_engines: Path) -> None:
    with open_pipeline(int8_engines, slots=3, threads=1) as pipeline:
        for request, speech in zip(REQUESTS, pipeline.synthesize_many(REQUESTS), strict=True):
            [alone] = pipeline.synthesize_many([request])
            np.testing.assert_array_equal(alone.audio.samples, speech.audio.samples)


def test_int8_that_drifts_gives_way_to_fp32_also_after_a_restart(
    int8_engines: Path, tiny_tts_engines: Path, pipeline: Pipeline, tmp_path: Path
) -> None:
    engines = Path(shutil.copytree(int8_engines, tmp_path / "int8"))
    policy = GuardPolicy(share=0.5, strikes=2, tolerance=1e-6)
    [expected] = pipeline.synthesize_many([REQUESTS[1]])
    with Synthesizer.open(engines, 3, 1, reference=tiny_tts_engines, guard=policy) as synthesizer:
        first = synthesizer.start(REQUESTS[1]).result()
        assert synthesizer.guard is not None and synthesizer.guard.tripped
    assert len(first.audio.samples) == len(expected.audio.samples)
    with Synthesizer.open(engines, 3, 1, reference=tiny_tts_engines, guard=policy) as synthesizer:
        second = synthesizer.start(REQUESTS[1]).result()
        assert synthesizer.guard is not None and synthesizer.guard.batches == {}
    np.testing.assert_allclose(second.audio.samples, expected.audio.samples, atol=1e-5)
    with pytest.raises(BackendError, match="was suspended"):
        Synthesizer.open(engines, 3, 1)


def test_a_guard_with_nothing_to_find_changes_no_sample(pipeline: Pipeline, tiny_tts_engines: Path) -> None:
    expected = pipeline.synthesize_many(REQUESTS)
    policy = GuardPolicy(share=0.3)
    with Synthesizer.open(tiny_tts_engines, 3, 1, reference=tiny_tts_engines, guard=policy) as synthesizer:
        streams = [synthesizer.start(request) for request in REQUESTS]
        for stream, speech in zip(streams, expected, strict=True):
            np.testing.assert_array_equal(stream.result().audio.samples, speech.audio.samples)
        assert synthesizer.guard is not None
        assert synthesizer.guard.events == ()
        assert set(synthesizer.guard.batches) == {"encoder", "decoder", "postnet", "vocoder"}


def test_a_switch_in_the_middle_of_a_speech_is_not_heard(
    pipeline: Pipeline, tiny_tts_engines: Path, tmp_path: Path
) -> None:
    """Engine and reference are the same here, so the sound must be, whenever the switch comes."""
    engines = Path(shutil.copytree(tiny_tts_engines, tmp_path / "engines"))
    [expected] = pipeline.synthesize_many([REQUESTS[1]])
    with Synthesizer.open(engines, 3, 1, reference=tiny_tts_engines) as synthesizer:
        assert synthesizer.guard is not None
        with synthesizer.start(replace(REQUESTS[1], plan=ChunkPlan(6, 1, 6))) as stream:
            heard = [next(stream).samples for _ in range(2)]
            synthesizer.guard.finite("decoder", {"frames": np.full(1, np.nan)})
            heard += [chunk.samples for chunk in stream]
        assert synthesizer.guard.tripped
    np.testing.assert_allclose(np.concatenate(heard), expected.audio.samples, atol=1e-5)


def test_a_reference_of_another_model_is_refused(tiny_tts_engines: Path, tiny_ctc_engines: Path) -> None:
    with pytest.raises(BackendError, match="another bundle"):
        Synthesizer.open(tiny_tts_engines, reference=tiny_ctc_engines)


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
    tokens = pipeline._casting.front_end.prepare("hello world").sentences[0].tokens
    assert pipeline.model.tts is not None
    dropout = np.empty((1, 40, 2, pipeline.model.tts.prenet_units), np.float32)
    masks = DropoutMasks.seeded(1, 0, 0.5)
    masks.draw(dropout[0])
    script = Script([tokens.tolist()], pipeline.voices.get("anna"), dropout, (0,))
    spoken = speak(stages, tts_bundle.manifest.stage("decoder"), script, junk=0.0)
    mel = stages["postnet"]({"frames": spoken.frames.reshape(1, 80, -1)})["mel"]
    pcm = stages["vocoder"]({"mel": mel})["pcm"][0]
    [speech] = pipeline.synthesize_many([REQUESTS[0]])
    np.testing.assert_allclose(speech.audio.samples, pcm, atol=1e-4 * np.abs(pcm).max())


def test_a_ctc_model_cannot_speak(tiny_ctc_engines: Path) -> None:
    with pytest.raises(BackendError, match="holds a ctc model; expected a tts model"):
        open_pipeline(tiny_ctc_engines)


def test_a_changed_voice_is_refused(tiny_tts_engines: Path, tmp_path: Path) -> None:
    copy = tmp_path / "engines"
    shutil.copytree(tiny_tts_engines, copy)
    np.save(copy / "voices" / "ben.npy", np.zeros(6, np.float32))
    with pytest.raises(IntegrityError, match="ben"):
        open_pipeline(copy)


def test_no_slots_are_refused(tiny_tts_engines: Path) -> None:
    with pytest.raises(BackendError, match="0 slots"):
        open_pipeline(tiny_tts_engines, slots=0)


def test_dirt_in_a_text_is_left_out(pipeline: Pipeline) -> None:
    clean, dirty = pipeline.synthesize("hello world", steps=5), pipeline.synthesize("hello\ud83d\0 world", steps=5)
    np.testing.assert_array_equal(clean.audio.samples, dirty.audio.samples)


@pytest.mark.parametrize("text", ["\ud83d", "\N{GRINNING FACE}", "\0", "\u200b"])
def test_what_cannot_be_spoken_is_refused(pipeline: Pipeline, text: str) -> None:
    with pytest.raises(TextError):
        pipeline.synthesize(text)
