"""Feature frames through a stage in NeMo's layout, as sherpa-onnx's loop hands them over."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from speechtrt.export.families.base import Arrays, Runner
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.specs import StageSpec

Array = npt.NDArray[np.generic]
Floats = npt.NDArray[np.float32]
_LATE = 2  # steps between the starts of two rows, so that a batch mixes ages


def stream_features(
    runner: Runner, stage: StageSpec, metadata: NemoMetadata, features: Sequence[Floats], junk: float
) -> list[Floats]:
    """Log-probabilities [frames, V + 1] of every row of `features` [frames, mels], rows starting one after another.

    A row that has not begun or is over is fed noise of standard deviation `junk`.
    """
    generator = np.random.default_rng(2)
    signal, length, *caches = stage.inputs
    answer, counts, *_ = stage.outputs
    rows = {"slots": len(features)}
    state = {t.name: generator.normal(0, junk, t.resolve(rows)).astype(t.dtype.value) for t in caches}
    found: list[list[Floats]] = [[] for _ in features]
    steps = max(_LATE * row + _chunks(metadata, len(mel)) for row, mel in enumerate(features))
    for step in range(steps):
        inputs = generator.normal(0, junk, signal.resolve(rows)).astype(np.float32)
        lengths = np.full(len(features), metadata.window_size)
        for row, mel in enumerate(features):
            if step == _LATE * row:
                for cache in state.values():
                    cache[row] = 0
            chunk = step - _LATE * row
            if 0 <= chunk < _chunks(metadata, len(mel)):
                window = mel[chunk * metadata.chunk_shift :][: metadata.window_size]
                inputs[row, :, : len(window)] = window.T
                lengths[row] = len(window)
        outputs = runner(_feeds({signal.name: inputs, length.name: lengths}, state))
        for row, mel in enumerate(features):
            if 0 <= step - _LATE * row < _chunks(metadata, len(mel)):
                found[row].append(outputs[answer.name][row, : int(outputs[counts.name][row])].astype(np.float32))
        state = {s.input: np.array(outputs[s.output or ""]) for s in stage.states}
    return [np.concatenate(row) for row in found]


def _chunks(metadata: NemoMetadata, frames: int) -> int:
    """Windows until every frame was heard."""
    return 1 + max(0, -(-(frames - metadata.window_size) // metadata.chunk_shift))


def _feeds(inputs: dict[str, Array], state: Arrays) -> Arrays:
    return {**inputs, **state}
