"""Inputs of a streaming step, recorded while it listens."""

import numpy as np

from speechtrt.bundle import ChunkSpec
from speechtrt.export.calibration import BUDGET, Recorder, evenly, rows_within
from speechtrt.export.families.base import Arrays, Runner
from speechtrt.export.families.fastconformer_sounds import recordings
from speechtrt.export.families.fastconformer_streams import Slots, Stream
from speechtrt.specs import StageSpec

_SAMPLES = 16
_ROWS = 8
_SECONDS = 8.0


def record_streams(runner: Runner, stage: StageSpec, chunk: ChunkSpec, rate: int) -> list[Arrays]:
    """Samples of a batch of streams that start one after another, spread over their length."""
    rows = rows_within(BUDGET, _SAMPLES, _row_bytes(stage), _ROWS)
    sounds = recordings(rate, _SECONDS)
    slots = Slots(stage, chunk, rows)
    steps = int(_SECONDS * rate) // chunk.shift
    recorder = Recorder(runner, evenly(steps, _SAMPLES))
    for step in range(steps):
        if step < rows:
            slots.admit(step, Stream(sounds[step % len(sounds)]))
        slots.step(recorder)
    return recorder.samples


def _row_bytes(stage: StageSpec) -> int:
    return 4 * sum(int(np.prod(tensor.resolve({"slots": 1}))) for tensor in stage.inputs)
