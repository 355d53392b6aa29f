"""How a sentence ends, and how one that does not is recognised."""

from enum import Enum

import numpy as np

from speechtrt.runtime.backends.base import Array

SILENT_FRAMES = 64  # a second; no pause within a sentence is so long
SILENT_LEVEL = 0.1  # of the range between the quietest and the loudest tenth of the sentence
LOOP_FRAMES = 96  # so long must a pattern of at most this length repeat itself
SHORTEST_LOOP = 8
LOOP_DISTANCE = 0.1  # of the variance of the whole sentence


class Ending(Enum):
    """Why no more frames follow."""

    STOP = "the model's own stop"
    STEPS = "as many steps as were asked for"
    SILENCE = "was ended in silence, which the model did not end,"
    LOOP = "repeated itself and was cut"
    LENGTH = "was stopped by the length limit"

    @property
    def regular(self) -> bool:
        """Whether the sentence is whole, as far as one can tell."""
        return self in (Ending.STOP, Ending.STEPS)


def runaway(frames: Array) -> Ending | None:
    """SILENCE or LOOP if the end of `frames` [frames, mels] is one of these, else None."""
    if silent(frames):
        return Ending.SILENCE
    return Ending.LOOP if looping(frames) else None


def silent(frames: Array) -> bool:
    """Whether the last second is about as quiet as the quietest frames, in a sentence that was ever louder."""
    levels = frames.mean(axis=1)
    quiet, loud = np.quantile(levels, (0.1, 0.9))
    return len(frames) > SILENT_FRAMES and bool(
        loud > quiet and levels[-SILENT_FRAMES:].max() < quiet + SILENT_LEVEL * (loud - quiet)
    )


def looping(frames: Array) -> bool:
    """Whether the last frames repeat those before them at any distance, or hardly change at all."""
    if len(frames) < 2 * LOOP_FRAMES:
        return False
    spread = float(frames.var(axis=0).sum()) * LOOP_FRAMES
    last = frames[-LOOP_FRAMES:]
    distances = (
        float(np.square(last - frames[-LOOP_FRAMES - lag : -lag]).sum()) for lag in range(SHORTEST_LOOP, LOOP_FRAMES)
    )
    return any(distance < 2 * LOOP_DISTANCE * spread for distance in distances)
