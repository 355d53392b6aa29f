"""What tests do with streams again and again."""

from dataclasses import replace

import numpy as np

from speechtrt.audio import Samples
from speechtrt.bundle import Bundle
from speechtrt.runtime.asr.events import Event, Final
from speechtrt.runtime.asr.lanes import Plan
from speechtrt.runtime.asr.stream import Stream
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.runtime.asr.transcript import Word
from tests.runtime.fakes import PIECES, FakeBackend, FakeRunner, ctc_bundle, ctc_stages

RATE = 16000


class ManyRunners(FakeBackend):
    """As a real backend, every opened stage has arrays of its own."""

    def open(self, stage: str) -> FakeRunner:
        return replace(self.runners[stage], bound={})


def fake_transcriber(slots: int = 3, runners: dict[str, FakeRunner] | None = None, workers: int = 1) -> Transcriber:
    runners = runners or ctc_stages()
    bundle: Bundle = ctc_bundle(runners)
    return Transcriber.over(bundle, ManyRunners(runners), PIECES, Plan((160,), slots, slots, workers, 0.0))


def noise(samples: int, seed: int = 0) -> Samples:
    return np.random.default_rng(seed).uniform(-1, 1, samples).astype(np.float32)


def finish(stream: Stream) -> list[Event]:
    """End a stream and wait for the rest of its events."""
    stream.end()
    return list(stream)


def words_of(events: list[Event]) -> tuple[Word, ...]:
    return tuple(word for event in events if isinstance(event, Final) for word in event.words)
