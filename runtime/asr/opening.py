"""The transcriber of recordings that an engine set needs: of streams, or of whole recordings."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from speechtrt.audio import Audio
from speechtrt.bundle import Bundle
from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.asr.decoding.base import DecodingChoice
from speechtrt.runtime.asr.decoding.options import GREEDY
from speechtrt.runtime.asr.transcript import Transcription


class RecordingTranscriber(Protocol):
    """What both have in common."""

    @property
    def model(self) -> Bundle:
        """The model's manifest."""

    @property
    def engine(self) -> str:
        """What runs, e.g. ort-cpu-int8."""

    def completions(self, audios: Iterable[Audio]) -> Iterator[Transcription]:
        """Each recording's transcript as soon as it is finished. Raises AudioError or BackendError."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def open_transcriber(
    engines: Path, chunk_milliseconds: int, slots: int, decoding: DecodingChoice = GREEDY
) -> RecordingTranscriber:
    """A transcriber of recordings; an offline model has no use for a chunk size, nor for slots.

    Raises ManifestError, IntegrityError or BackendError; DataError or TextError for what `decoding` names.
    """
    ctc = EngineFolder.open(engines).manifest.model.ctc
    if ctc is not None and ctc.recording is not None:
        from speechtrt.runtime.asr.offline import OfflineTranscriber

        return OfflineTranscriber.open(engines, decoding=decoding)
    from speechtrt.runtime.asr.transcriber import Transcriber

    return Transcriber.open(engines, (chunk_milliseconds,), slots=slots, decoding=decoding)
