"""What the streaming benchmark asks of every side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from speechtrt.audio import Audio, read_audio
from speechtrt.benchmarks.asr.subject import AsrSubject
from speechtrt.benchmarks.stream.client import RATE, Spoken
from speechtrt.benchmarks.stream.peer import PeerLoad
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.runtime.asr.transcriber import Transcriber

ARRIVAL = (
    "live: every client speaks recordings at 1.0x, one after the other, a new stream for each, from a random phase on"
)
PAUSE_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What is run: chunk sizes, fixed numbers of streams for each, and how long a run lasts, in seconds.

    Runs that only search last `search_seconds`, if they differ.
    """

    chunks: tuple[int, ...]
    fixed: dict[int, tuple[int, ...]]
    seconds: float
    warm_seconds: float
    trials: int
    highest: int
    packet_seconds: float = 0.16
    slo_seconds: float = 0.1
    seed: int = 0
    search_seconds: float | None = None
    recovery_seconds: float = 30.0
    near: Mapping[str, int] = field(default_factory=dict)  # by side and chunk: where a search begins


@dataclass(frozen=True, slots=True)
class StreamLoad:
    """The load of a streaming result, as its document states it."""

    model: str
    weights: str
    arrival: str
    recordings: int
    audio_seconds: float
    packet_seconds: float
    seconds: float
    slo_seconds: float
    chunks: tuple[int, ...]
    workers: int
    trials: int
    seed: int
    peer: PeerLoad | None = None

    @classmethod
    def of(
        cls,
        subject: AsrSubject,
        plan: StreamPlan,
        recordings: Sequence[Spoken],
        workers: int,
        peer: PeerLoad | None = None,
    ) -> "StreamLoad":
        """The load of a plan over these recordings."""
        return cls(
            model=subject.name,
            weights=subject.weights,
            arrival=ARRIVAL,
            recordings=len(recordings),
            audio_seconds=sum(len(s.samples) for s in recordings) / RATE,
            packet_seconds=plan.packet_seconds,
            seconds=plan.seconds,
            slo_seconds=plan.slo_seconds,
            chunks=plan.chunks,
            workers=workers,
            trials=plan.trials,
            seed=plan.seed,
            peer=peer,
        )


def full_plan(chunks: Sequence[int], trials: int, near: Mapping[str, int]) -> StreamPlan:
    """Some minutes for each chunk size and side; fewer when searches begin `near` what they will find."""
    fixed = {160: (64,), 560: (16, 64, 256)}
    return StreamPlan(tuple(chunks), fixed, 10.0, 2.0, trials, 4096, search_seconds=6.0, near=near)


def quick_plan(chunks: Sequence[int]) -> StreamPlan:
    """A smoke test."""
    return StreamPlan(tuple(chunks), {160: (8,), 560: (8,)}, 1.5, 0.5, 1, 16, search_seconds=1.5, recovery_seconds=1.0)


def spoken(engines: Path, chunk_milliseconds: int, folder: Path | None, quick: bool) -> tuple[Spoken, ...]:
    """The evaluation recordings with a pause after each, and what the engines hear in them offline.

    Raises DataError, AudioError or BackendError.
    """
    found = evaluation_utterances(folder)[: 6 if quick else None]
    pause = np.zeros(round(PAUSE_SECONDS * RATE), np.float32)
    read = [read_audio(utterance.path).resampled(RATE).samples for utterance in found]
    audios = [Audio(np.concatenate([samples, pause]), RATE) for samples in read]
    with Transcriber.open(engines, (chunk_milliseconds,), batch=1) as transcriber:
        texts = transcriber.transcribe_many(audios)
    return tuple(Spoken(audio.samples, t.text) for audio, t in zip(audios, texts, strict=True))
