"""How close one reading of a text is to another."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from speechtrt.audio import Audio
from speechtrt.benchmarks.quality.alignment import align
from speechtrt.benchmarks.quality.pitch import pitch
from speechtrt.benchmarks.quality.spectrum import Array, log_mel, mel_cepstra

DECIBELS = 10.0 / np.log(10.0)
CENTS = 1200.0


@dataclass(frozen=True)
class Reading:
    """A reading of a text, with its features, each computed once."""

    audio: Audio

    @cached_property
    def mel(self) -> Array:
        """Log-mel [frames, 80]."""
        return log_mel(self.audio)

    @cached_property
    def cepstra(self) -> Array:
        """Mel cepstra [frames, 13]."""
        return mel_cepstra(self.mel)

    @cached_property
    def pitch(self) -> Array:
        """Hz, 0 without voice [frames]."""
        return pitch(self.audio)


@dataclass(frozen=True, slots=True)
class Closeness:
    """Differences of a reading from another, over aligned frames.

    `mcd_db`: mel-cepstral distortion. `log_mel_l1`: mean absolute difference of log-mel, in nepers. `f0_rmse_cents`
    over frames with voice on both sides (0 without one), `voicing_error` the share of frames with voice on one side
    only. `duration_ratio`: length over the other's.
    """

    mcd_db: float
    log_mel_l1: float
    f0_rmse_cents: float
    voicing_error: float
    duration_ratio: float


def closeness(reading: Reading, other: Reading) -> Closeness:
    """Align the two by their cepstra, then compare.

    MCD is 10 / ln 10 * sqrt(2 * sum_d (c_d - c'_d)^2) over cepstra 1 to 13, averaged over the aligned pairs
    (Kubichek, "Mel-cepstral distance measure for objective speech quality assessment", 1993).
    """
    path = align(reading.cepstra, other.cepstra)
    cepstra = reading.cepstra[path.left] - other.cepstra[path.right]
    hertz, theirs = reading.pitch[path.left], other.pitch[path.right]
    voiced = (hertz > 0) & (theirs > 0)
    cents = CENTS * np.log2(hertz[voiced] / theirs[voiced])
    return Closeness(
        mcd_db=float(DECIBELS * np.sqrt(2 * (cepstra**2).sum(1)).mean()),
        log_mel_l1=float(np.abs(reading.mel[path.left] - other.mel[path.right]).mean()),
        f0_rmse_cents=float(np.sqrt((cents**2).mean())) if cents.size else 0.0,
        voicing_error=float(((hertz > 0) != (theirs > 0)).mean()),
        duration_ratio=reading.audio.seconds / other.audio.seconds,
    )
