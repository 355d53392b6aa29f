"""Recordings that a recogniser's engine set brings along: the inputs of its gate's measurements, as sound again."""

from collections.abc import Mapping

import numpy as np

from speechtrt.audio import Audio, Samples
from speechtrt.bundle import ChunkSpec
from speechtrt.engine_set import EngineFolder

MOST = 2  # recordings
LONGEST_SECONDS = 4.0
SILENCE_SECONDS = 1.5


def evaluation_recordings(folder: EngineFolder) -> tuple[Audio, ...]:
    """The first few; silence for an engine set that has none. Raises ManifestError or IntegrityError."""
    model = folder.manifest.model
    rate = model.audio.sample_rate
    chunk = max(model.ctc.chunks, key=lambda c: c.milliseconds) if model.ctc and model.ctc.chunks else None
    name = f"evaluation/{chunk.stage}.npz" if chunk else ""
    if chunk is None or name not in {entry.path for entry in folder.manifest.files}:
        return (Audio(np.zeros(int(SILENCE_SECONDS * rate), np.float32), rate),)
    with np.load(folder.file(name), allow_pickle=False) as arrays:
        found = [_recording(arrays, number, chunk) for number in range(MOST) if f"{number}/0000/pcm" in arrays]
    return tuple(Audio(samples[: int(LONGEST_SECONDS * rate)], rate) for samples in found)


def _recording(arrays: Mapping[str, Samples], number: int, chunk: ChunkSpec) -> Samples:
    """Windows overlap: each adds the samples by which it is ahead of the one before. The first row of the batch."""
    pieces, step = [], 0
    while (window := arrays.get(f"{number}/{step:04}/pcm")) is not None:
        pieces.append(window[0, chunk.lead :] if step == 0 else window[0, -chunk.shift :])
        step += 1
    return np.concatenate(pieces).astype(np.float32)
