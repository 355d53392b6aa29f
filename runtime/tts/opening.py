"""An engine set becomes a pipeline."""

from contextlib import ExitStack
from pathlib import Path

from speechtrt.bundle import Task
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError
from speechtrt.runtime.backends.selection import open_backend, usable_cores
from speechtrt.runtime.policy.guard import Guard
from speechtrt.runtime.tts.casting import Casting
from speechtrt.runtime.tts.crew import Crew
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.stages import Stages
from speechtrt.runtime.tts.text import FrontEnd
from speechtrt.runtime.tts.voices import Voices


def open_pipeline(engine_set: Path, slots: int = 16, threads: int | None = None) -> Pipeline:
    """A pipeline that does everything in the caller's thread, each stage with `threads` (None: every core).

    Raises ManifestError, IntegrityError or BackendError.
    """
    folder = EngineFolder.open(engine_set)
    casting = _casting(folder)
    return Pipeline.over(folder.manifest.engine, _stages(folder, threads, threads), casting, slots, Crew.alone())


def open_overlapped(
    engine_set: Path,
    slots: int = 16,
    threads: int | None = None,
    reference: Path | None = None,
    guard: Guard | None = None,
) -> Pipeline:
    """A pipeline whose encoder, decoder and vocoder overlap, each in a thread of its own.

    With a `reference` engine set of the same bundle, `guard` watches the engines and replaces them when they drift.
    Raises ManifestError, IntegrityError or BackendError.
    """
    folder = EngineFolder.open(engine_set)
    casting = _casting(folder)
    cores = threads if threads is not None else usable_cores()
    beside = max(1, cores // 2)  # the decoder's steps are too short to be worth sharing on few cores
    with ExitStack() as opened:
        stages = _stages(folder, beside, cores)
        opened.callback(stages.close)
        if reference is not None:
            other = _stages(folder.counterpart(reference), beside, cores)
            opened.callback(other.close)
            stages = stages.guarded(other, guard or Guard())
        pipeline = Pipeline.over(folder.manifest.engine, stages, casting, slots, Crew.threads())
        opened.pop_all()
        return pipeline


def _stages(folder: EngineFolder, decoder_threads: int | None, threads: int | None) -> Stages:
    decoder, others = open_backend(folder, decoder_threads), open_backend(folder, threads)
    return Stages.open(lambda stage: decoder if stage == "decoder" else others)


def _casting(folder: EngineFolder) -> Casting:
    model = folder.manifest.model
    if model.tts is None:
        raise BackendError(f"{folder.path}: holds a {model.task} model; expected a {Task.TTS} model")
    from speechtrt.runtime.tts.tokens import PieceEncoder

    encoder = PieceEncoder.load(folder.file(model.text.tokenizer), model.text)
    front_end = FrontEnd(encoder, model.text.languages, model.limits.max_text)
    return Casting(model, model.tts, front_end, Voices.load(folder))
