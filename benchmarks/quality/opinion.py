"""What models of listeners think: DNSMOS (package `speechmos`) and PESQ (package `pesq`), where installed."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources
from importlib.util import find_spec
from typing import Any, Self

import numpy as np

from speechtrt.audio import Audio, Samples

RATE = 16_000
WINDOW = 144_160  # samples that the network takes
SHORTEST = 0.6  # seconds of speech that PESQ can judge
# From the network's outputs to mean opinion scores (Reddy, Gopal, Cutler: "DNSMOS P.835", 2022, released coefficients).
SIGNAL = np.poly1d([-0.08397278, 1.22083953, 0.0052439])
BACKGROUND = np.poly1d([-0.13166888, 1.60915514, -0.39604546])
OVERALL = np.poly1d([-0.06766283, 1.11546468, 0.04602535])


def dnsmos_installed() -> bool:
    """Whether `Dnsmos.open` works."""
    return find_spec("speechmos") is not None


def pesq_installed() -> bool:
    """Whether `pesq` can be called."""
    return find_spec("pesq") is not None


@dataclass(frozen=True, slots=True)
class Opinion:
    """Mean opinion scores, about 1 to 5, of speech, of what is heard behind it, and of both."""

    signal: float
    background: float
    overall: float


@dataclass(frozen=True, slots=True)
class Dnsmos:
    """The P.835 network. It needs no other reading to compare with."""

    _session: Any

    @classmethod
    def open(cls) -> Self:
        """Load the network from the package `speechmos`."""
        import onnxruntime

        model = resources.files("speechmos").joinpath("dnsmos_models", "sig_bak_ovr.onnx").read_bytes()
        return cls(onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"]))

    def judge(self, reading: Audio) -> Opinion:
        """Mean over windows of 9.01 s, a second apart; shorter readings are repeated, as the network was used."""
        batch = np.stack(list(_windows(reading.resampled(RATE).samples)))
        raw = np.concatenate([self._session.run(None, {"input_1": window[None]})[0] for window in batch])
        scores = (curve(column).mean() for curve, column in zip((SIGNAL, BACKGROUND, OVERALL), raw.T, strict=True))
        return Opinion(*map(float, scores))


def pesq(reading: Audio, reference: Audio) -> float | None:
    """Wide-band PESQ (ITU-T P.862.2) over the common length; None for readings that are too short or silent."""
    from pesq import NoUtterancesError
    from pesq import pesq as measure

    ours, theirs = (audio.resampled(RATE).samples for audio in (reading, reference))
    count = min(len(ours), len(theirs))
    if count < SHORTEST * RATE:
        return None
    try:
        return float(measure(RATE, theirs[:count], ours[:count], "wb"))
    except NoUtterancesError:
        return None


def _windows(samples: Samples) -> Iterator[Samples]:
    while len(samples) < WINDOW:
        samples = np.concatenate((samples, samples))
    clipped = np.clip(samples, -1.0, 1.0).astype(np.float32)
    for start in range(0, len(clipped) - WINDOW + 1, RATE):
        yield clipped[start : start + WINDOW]
