"""Inputs of a streaming step, recorded while it listens."""

import numpy as np

from speechtrt.bundle import ChunkSpec
from speechtrt.export.calibration import BUDGET, Recorder, evenly, rows_within
from speechtrt.export.families.base import Arrays, Runner
from speechtrt.export.families.fastconformer_sounds import recordings
from speechtrt.export.families.fastconformer_streams import Slots, stream_of
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.specs import StageSpec

_SAMPLES = 16
_ROWS = 8
_SECONDS = 8.0


def record_streams(runner: Runner, stage: StageSpec, chunk: ChunkSpec, config: FastConformerCtcConfig) -> list[Arrays]:
    """Samples of a batch of streams that start one after another, spread over their length."""
    rows = rows_within(BUDGET, _SAMPLES, _row_bytes(stage), _ROWS)
    rate = config.sample_rate
    sounds = recordings(rate, _SECONDS)
    slots = Slots(stage, chunk, rows, junk=0.0)
    steps = int(_SECONDS * rate) // chunk.shift
    recorder = Recorder(runner, evenly(steps, _SAMPLES))
    for step in range(steps):
        if step < rows:
            slots.admit(step, stream_of(sounds[step % len(sounds)], config))
        slots.step(recorder)
    return recorder.samples


def _row_bytes(stage: StageSpec) -> int:
    return 4 * sum(int(np.prod(tensor.resolve({"slots": 1}))) for tensor in stage.inputs)
