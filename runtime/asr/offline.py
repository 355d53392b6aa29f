"""Speech to text with a model that hears whole recordings."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from speechtrt.audio import Audio, Samples
from speechtrt.bundle import Bundle
from speechtrt.closing import Closing
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import AudioError, BackendError
from speechtrt.runtime.asr.cutting import cut
from speechtrt.runtime.asr.decoding.base import DecodingChoice, Frames, Labels, LogProbs
from speechtrt.runtime.asr.decoding.decoders import Decoders
from speechtrt.runtime.asr.decoding.options import GREEDY
from speechtrt.runtime.asr.decoding.words import alternative
from speechtrt.runtime.asr.encoder import label_texts
from speechtrt.runtime.asr.transcript import Transcript, Transcription
from speechtrt.runtime.backends.base import Backend, Runner
from speechtrt.runtime.backends.selection import open_backend
from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.pieces import read_pieces

STAGE = "encoder"
BATCH = 8
GROUP = 4  # batches that are sorted by length together


@dataclass(frozen=True, slots=True)
class _Piece:
    """Part of recording number `recording`, from sample `start` on."""

    recording: int
    start: int
    samples: Samples


@dataclass(frozen=True, slots=True)
class OfflineTranscriber(Closing):
    """Hears recordings, up to `batch` at a time, those of similar length together. Not for several threads at once."""

    model: Bundle
    engine: str
    labels: Labels
    batch: int
    clock: StageClock
    decoders: Decoders
    _runner: Runner
    _closing: ExitStack

    @classmethod
    def open(
        cls, engines: Path, batch: int = BATCH, threads: int | None = None, decoding: DecodingChoice = GREEDY
    ) -> "OfflineTranscriber":
        """Open an engine set of an offline CTC model; `threads` None takes every core.

        Raises ManifestError, IntegrityError or BackendError; DataError or TextError for what `decoding` names.
        """
        folder = EngineFolder.open(engines)
        model = folder.manifest.model
        if model.ctc is None or model.ctc.recording is None:
            raise BackendError(f"{engines}: holds no offline CTC model; open it with the transcriber of streams")
        pieces = read_pieces(folder.file(model.text.tokenizer))
        return cls.over(model, open_backend(folder, threads), pieces, batch, decoding)

    @classmethod
    def over(
        cls,
        model: Bundle,
        backend: Backend,
        pieces: Sequence[str],
        batch: int = BATCH,
        decoding: DecodingChoice = GREEDY,
        now: Callable[[], float] = time.perf_counter,
    ) -> "OfflineTranscriber":
        """A transcriber over an opened backend; `pieces` are the labels' texts without the blank."""
        assert model.ctc is not None
        if batch < 1:
            raise BackendError(f"batches of {batch} were asked for; expected at least 1")
        with ExitStack() as closing:
            runner = closing.enter_context(backend.open(STAGE))
            count = runner.stage.output("log_probs").shape[-1]
            assert isinstance(count, int)
            labels = Labels(label_texts(pieces, count, model.ctc.blank), model.ctc.blank)
            return cls(
                model,
                backend.name,
                labels,
                batch,
                StageClock(now),
                Decoders.open(labels, decoding),
                runner,
                closing.pop_all(),
            )

    def transcribe(self, audio: Audio) -> Transcript:
        """What is said in one recording of any rate and length. Raises AudioError or BackendError."""
        return self.transcribe_many([audio])[0]

    def completions(self, audios: Iterable[Audio]) -> Iterator[Transcription]:
        """Each recording's transcript, a few batches at a time. Raises AudioError or BackendError."""
        start, done, coming = self.clock.now(), 0, iter(audios)
        while group := list(islice(coming, GROUP * self.batch)):
            for index, transcript in enumerate(self.transcribe_many(group), done):
                yield Transcription(index, transcript, self.clock.now() - start)
            done += len(group)

    def transcribe_many(self, audios: Sequence[Audio]) -> list[Transcript]:
        """What is said in each recording, in their order. Raises AudioError or BackendError."""
        with self.clock.measure("audio"):
            pieces = [piece for index, audio in enumerate(audios) for piece in self._cut(index, audio)]
        frames: list[list[Frames]] = [[] for _ in audios]
        for together in self._batches(pieces):
            for piece, log_probs in zip(together, self._hear(together), strict=True):
                frames[piece.recording].append(Frames.of(log_probs, piece.start // self.model.audio.hop))
        with self.clock.measure("decoding"):
            return [self._read(heard, audio.seconds) for heard, audio in zip(frames, audios, strict=True)]

    def close(self) -> None:
        """Free the engine; it may be closed twice."""
        self._closing.close()

    def _cut(self, index: int, audio: Audio) -> Iterator[_Piece]:
        if audio.samples.ndim != 1 or not np.isfinite(audio.samples).all():
            raise AudioError(
                f"recording {index} holds NaN, infinite or many-channel samples; expected mono finite ones"
            )
        assert self.model.ctc is not None and self.model.ctc.recording is not None
        samples = audio.resampled(self.model.audio.sample_rate).samples
        starts = cut(samples, self.model.ctc.recording.longest, self.model.audio.hop)
        for start, end in zip(starts, [*starts[1:], len(samples)], strict=True):
            yield _Piece(index, start, samples[start:end])

    def _batches(self, pieces: Sequence[_Piece]) -> Iterator[list[_Piece]]:
        """Pieces of similar length together, so that little is padding."""
        ordered = sorted(pieces, key=lambda piece: len(piece.samples))
        for first in range(0, len(ordered), self.batch):
            yield ordered[first : first + self.batch]

    def _hear(self, pieces: Sequence[_Piece]) -> list[LogProbs]:
        """Log-probabilities [frames, labels] of each."""
        assert self.model.ctc is not None and self.model.ctc.recording is not None
        shortest = self.model.ctc.recording.shortest
        counts = np.array([max(len(piece.samples), shortest) for piece in pieces], np.int64)
        pcm = np.zeros((len(pieces), counts.max()), np.float32)
        for row, piece in zip(pcm, pieces, strict=True):
            row[: len(piece.samples)] = piece.samples
        with self.clock.measure("encoder", len(pieces)):
            outputs = self._runner.run({"pcm": pcm, "samples": counts})
        return [row[:count] for row, count in zip(outputs["log_probs"], outputs["frames"].tolist(), strict=True)]

    def _read(self, heard: list[Frames], seconds: float) -> Transcript:
        assert self.model.ctc is not None
        decoder = self.decoders.decoder()
        for frames in sorted(heard, key=lambda part: part.first):
            decoder.accept(frames)
        duration = round(seconds, 3)
        seconds_per_frame = self.model.ctc.frame_seconds
        found = [alternative(one, self.labels.texts, seconds_per_frame, duration) for one in decoder.finish()]
        return Transcript(found[0].text, found[0].words, duration, tuple(found) if len(found) > 1 else ())
