"""A pipeline over the fake backend, and a stage that waits to be let go."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from speechtrt.runtime.backends.base import Array
from speechtrt.runtime.tts.casting import Casting
from speechtrt.runtime.tts.crew import Crew
from speechtrt.runtime.tts.pipeline import Pipeline
from speechtrt.runtime.tts.stages import Stages
from speechtrt.runtime.tts.text import FrontEnd
from speechtrt.runtime.tts.voices import Voices
from tests.runtime.fakes import Compute, FakeBackend, FakeRunner, LetterEncoder, tts_bundle

VOICES = Voices({"anna": np.array([0.1, 0.2], np.float32), "ben": np.array([0.5, 0.9], np.float32)})


def build(
    runners: dict[str, FakeRunner],
    slots: int = 3,
    crew: Crew | None = None,
    stages: Stages | None = None,
    now: Callable[[], float] = time.perf_counter,
) -> Pipeline:
    model, backend = tts_bundle(runners), FakeBackend(runners)
    assert model.tts is not None
    front_end = FrontEnd(LetterEncoder(), model.text.languages, model.limits.max_text)
    casting = Casting(model, model.tts, front_end, VOICES)
    opened = stages or Stages.open(lambda _: backend)
    return Pipeline.over(backend.name, opened, casting, slots, crew or Crew.alone(), now)


@dataclass(slots=True)
class Gate:
    """A stage's function that runs once per permit, and freely when it is open."""

    compute: Compute
    _permits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    _open: bool = False

    @classmethod
    def before(cls, runner: FakeRunner) -> "Gate":
        gate = cls(runner.compute)
        runner.compute = gate
        return gate

    def __call__(self, inputs: dict[str, Array]) -> dict[str, Array]:
        if not self._open:
            assert self._permits.acquire(timeout=60)
        return self.compute(inputs)

    def let(self, times: int) -> None:
        self._permits.release(times)

    def open(self) -> None:
        self._open = True
        self._permits.release()


@dataclass(slots=True)
class Clock:
    """Stands still until somebody turns it."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now
