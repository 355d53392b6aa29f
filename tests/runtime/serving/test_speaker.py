"""What a speaker tells of itself while requests come and go."""

from dataclasses import dataclass, field
from typing import cast

import pytest

from speechtrt.runtime.clock import StageClock
from speechtrt.runtime.serving.core.ports import ModelCard
from speechtrt.runtime.serving.models.speaker import SynthesizerSpeaker
from speechtrt.runtime.tts.async_synthesizer import AsyncSynthesizer


@dataclass
class Leaving:
    """A synthesizer of two slots, one of whose requests ends whenever somebody looks."""

    left: int
    slots: int = 2
    clock: StageClock = field(default_factory=StageClock)
    guard: None = None

    @property
    def synthesizer(self) -> "Leaving":
        return self

    @property
    def requests(self) -> int:
        self.left -= 1
        return self.left + 1


@pytest.mark.parametrize(("requests", "active", "waiting"), [(0, 0, 0), (1, 1, 0), (2, 2, 0), (5, 2, 3)])
def test_requests_that_end_while_they_are_counted_are_counted_once(requests: int, active: int, waiting: int) -> None:
    card = ModelCard("voice", "ort-cpu-fp32", "1", 16_000, 2, (), 0)
    found = SynthesizerSpeaker(card, cast("AsyncSynthesizer", Leaving(requests))).gauges()
    assert (found.active, found.waiting) == (active, waiting)
