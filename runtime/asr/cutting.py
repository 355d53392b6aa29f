"""Recordings longer than an encoder takes, cut where they are quietest."""

import numpy as np

from speechtrt.audio import Samples

_SEARCHED = 0.2  # of the longest piece, at its end
_WINDOW = 0.02  # of the longest piece: what must be quiet


def cut(samples: Samples, longest: int, hop: int) -> list[int]:
    """Where pieces of at most `longest` samples begin, each at a multiple of `hop`; 0 is the first."""
    starts = [0]
    while len(samples) - starts[-1] > longest:
        piece = samples[starts[-1] : starts[-1] + longest]
        starts.append(starts[-1] + max(hop, _quietest(piece, longest) // hop * hop))
    return starts


def _quietest(piece: Samples, longest: int) -> int:
    """The middle of the quietest stretch near the end of `piece`."""
    width = max(1, round(_WINDOW * longest))
    first = len(piece) - max(width, round(_SEARCHED * longest))
    energy = np.concatenate([[0.0], np.cumsum(np.square(piece[first:], dtype=np.float64))])
    loudness = energy[width:] - energy[:-width]
    return first + int(loudness.argmin()) + width // 2
