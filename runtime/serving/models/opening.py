"""Engine sets to models that are ready to serve: checked, opened, and warmed by a first inference."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechtrt.audio import Audio
from speechtrt.bundle import Task
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.errors import ManifestError
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.reference import CTC, VOICE, reference_engines
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.ports import ModelCard
from speechtrt.runtime.serving.models.hearer import TranscriberHearer
from speechtrt.runtime.serving.models.speaker import SynthesizerSpeaker
from speechtrt.runtime.tts.async_synthesizer import AsyncSynthesizer
from speechtrt.runtime.tts.synthesizer import Synthesizer

WARM_UP_TEXT = "one two three"
WARM_UP_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Slots:
    """How many sentences are spoken at once, how many streams are heard, and in batches of how many."""

    speech: int = 16
    streams: int = 64
    batch: int = 16
    queue: int = 16


def engine_folders(paths: tuple[Path, ...]) -> tuple[EngineFolder, ...]:
    """The engine sets to serve with every file checked; the reference models if none is named. Raises ManifestError."""
    folders = tuple(EngineFolder.open(path) for path in paths or (reference_engines(VOICE), reference_engines(CTC)))
    for folder in folders:
        folder.verify()
    names = [folder.manifest.model.name for folder in folders]
    if double := {name for name in names if names.count(name) > 1}:
        raise ManifestError(f"two engine sets are of the model {double.pop()!r}; give each model once")
    return folders


@contextmanager
def opened(folders: tuple[EngineFolder, ...], slots: Slots, aliases: dict[str, str]) -> Iterator[Catalogue]:
    """Every model, warm, for the block. Raises BackendError, IntegrityError or ManifestError."""
    with ExitStack() as closing:
        speakers = [_speaker(f, slots, closing) for f in folders if f.manifest.model.task is Task.TTS]
        hearers = [_hearer(f, slots, closing) for f in folders if f.manifest.model.task is Task.CTC]
        yield Catalogue.of(speakers, hearers, aliases)


def _speaker(folder: EngineFolder, slots: Slots, closing: ExitStack) -> SynthesizerSpeaker:
    synthesizer = closing.enter_context(Synthesizer.open(folder.path, slots.speech, queue=slots.queue))
    synthesizer.synthesize(WARM_UP_TEXT)
    return SynthesizerSpeaker(_card(folder, synthesizer.engine, slots.speech), AsyncSynthesizer(synthesizer))


def _hearer(folder: EngineFolder, slots: Slots, closing: ExitStack) -> TranscriberHearer:
    transcriber = closing.enter_context(Transcriber.open(folder.path, slots=slots.streams, batch=slots.batch))
    rate = folder.manifest.model.audio.sample_rate
    transcriber.transcribe(Audio(np.zeros(int(WARM_UP_SECONDS * rate), np.float32), rate))
    return TranscriberHearer(_card(folder, transcriber.engine, slots.streams), transcriber, slots.batch)


def _card(folder: EngineFolder, engine: str, slots: int) -> ModelCard:
    manifest = folder.manifest
    created = int((folder.path / ENGINE_FILE).stat().st_mtime)
    model = manifest.model
    return ModelCard(
        name=model.name,
        engine=engine,
        version=manifest.bundle_sha256[:12],
        rate=model.audio.sample_rate,
        slots=slots,
        languages=model.text.languages,
        created=created,
    )
