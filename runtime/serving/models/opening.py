"""Engine sets to models that are ready to serve: checked, opened, and warmed by a first inference."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechtrt.artifact import sha256_file
from speechtrt.bundle import Task
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.errors import ManifestError
from speechtrt.runtime.asr.decoding.options import GREEDY, DecodingOptions
from speechtrt.runtime.asr.transcriber import BATCH, Transcriber
from speechtrt.runtime.policy.guard import GuardPolicy
from speechtrt.runtime.reference import CTC, VOICE, reference_engines
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.ports import Hearer, ModelCard, Speaker
from speechtrt.runtime.serving.core.specimen import Said, Specimen, Spoken
from speechtrt.runtime.serving.models.evaluation import evaluation_recordings
from speechtrt.runtime.serving.models.hearer import TranscriberHearer
from speechtrt.runtime.serving.models.speaker import SynthesizerSpeaker
from speechtrt.runtime.tts.async_synthesizer import AsyncSynthesizer
from speechtrt.runtime.tts.synthesizer import Synthesizer

VERSION = 12  # characters
TEXTS = ("one two three", "good morning")


@dataclass(frozen=True, slots=True)
class OpeningOptions:
    """How many sentences are spoken and streams heard at once, in which batches, and how streams become words.

    `guard_share` of a model's batches is run again by the engine set in the reference precision beside it.
    """

    speech: int = 16
    streams: int = 64
    batch: int = BATCH
    queue: int = 16
    decoding: DecodingOptions = GREEDY
    guard_share: float = 0.0


def engine_folders(paths: tuple[Path, ...]) -> tuple[EngineFolder, ...]:
    """The engine sets to serve; the reference models if none is named. Raises ManifestError."""
    folders = tuple(EngineFolder.open(path) for path in paths or (reference_engines(VOICE), reference_engines(CTC)))
    names = [folder.manifest.model.name for folder in folders]
    if double := {name for name in names if names.count(name) > 1}:
        raise ManifestError(f"two engine sets are of the model {double.pop()!r}; give each model once")
    for folder in folders:
        expect_live(folder)
    return folders


def expect_live(folder: EngineFolder) -> None:
    """Raise ManifestError for a model that hears whole recordings only."""
    model = folder.manifest.model
    if model.ctc is not None and not model.ctc.chunks:
        raise ManifestError(f"{folder.path}: {model.name} hears whole recordings only; serve a streaming model instead")


@contextmanager
def opened(
    folders: tuple[EngineFolder, ...], options: OpeningOptions, aliases: dict[str, str], limits: Limits
) -> Iterator[Catalogue]:
    """Every model, warm, for the block. Raises BackendError, IntegrityError or ManifestError."""
    with ExitStack() as closing:
        speakers: list[Opened[Speaker]] = []
        hearers: list[Opened[Hearer]] = []
        for folder in folders:
            found = open_engines(folder, options)
            closing.callback(found.close)
            (speakers if folder.manifest.model.task is Task.TTS else hearers).append(found)
        catalogue = Catalogue.of(speakers, hearers, aliases, limits)
        closing.callback(_close, catalogue)
        yield catalogue


def open_engines(folder: EngineFolder, options: OpeningOptions, like: Specimen | None = None) -> Opened[Any]:
    """An engine set with every file checked, opened, and warmed by its first inference.

    That is over the inputs of another specimen, so that the two can be compared, or over inputs of its own.
    Raises BackendError, IntegrityError or ManifestError.
    """
    expect_live(folder)
    folder.verify()
    return _speaker(folder, options, like) if folder.manifest.model.task is Task.TTS else _hearer(folder, options, like)


def version_of(folder: EngineFolder) -> str:
    """What tells an engine set from every other: the beginning of its manifest's sha256."""
    return sha256_file(folder.path / ENGINE_FILE)[:VERSION]


def _close(catalogue: Catalogue) -> None:
    for shelf in catalogue.shelves:
        for release in shelf.releases:
            release.opened.close()


def _speaker(folder: EngineFolder, options: OpeningOptions, like: Specimen | None) -> Opened[Speaker]:
    with ExitStack() as closing:
        synthesizer = Synthesizer.open(
            folder.path,
            options.speech,
            queue=options.queue,
            reference=_reference(folder) if options.guard_share else None,
            guard=GuardPolicy(share=options.guard_share),
        )
        closing.callback(synthesizer.close)
        texts = tuple(spoken.text for spoken in like.spoken) if like else TEXTS
        spoken = tuple(Spoken(text, synthesizer.synthesize(text).audio) for text in texts)
        speaker = SynthesizerSpeaker(_card(folder, options.speech), AsyncSynthesizer(synthesizer))
        return Opened(speaker, closing.pop_all().close, folder.path, Specimen(spoken=spoken))


def _hearer(folder: EngineFolder, options: OpeningOptions, like: Specimen | None) -> Opened[Hearer]:
    with ExitStack() as closing:
        transcriber = Transcriber.open(
            folder.path,
            None,
            options.streams,
            options.batch,
            decoding=options.decoding,
            reference=_reference(folder) if options.guard_share else None,
            guard=GuardPolicy(share=options.guard_share),
        )
        closing.callback(transcriber.close)
        audios = tuple(said.audio for said in like.said) if like else evaluation_recordings(folder)
        heard = transcriber.transcribe_many(audios)
        said = tuple(Said(a, tuple(t.text.split())) for a, t in zip(audios, heard, strict=True))
        hearer = TranscriberHearer(_card(folder, options.streams), transcriber, transcriber.plan.batch)
        return Opened(hearer, closing.pop_all().close, folder.path, Specimen(said=said))


def _reference(folder: EngineFolder) -> Path | None:
    """None also for a set that is itself in the reference precision."""
    manifest = folder.manifest
    return None if manifest.precision is manifest.backend.reference_precision else folder.reference()


def _card(folder: EngineFolder, slots: int) -> ModelCard:
    manifest = folder.manifest
    model = manifest.model
    return ModelCard(
        name=model.name,
        engine=manifest.engine,
        version=version_of(folder),
        rate=model.audio.sample_rate,
        slots=slots,
        languages=model.text.languages,
        created=int((folder.path / ENGINE_FILE).stat().st_mtime),
    )
