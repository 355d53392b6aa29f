"""STOI, where `pystoi` is installed."""

from importlib.util import find_spec

from speechtrt.audio import Audio

SHORTEST = 0.6  # seconds: STOI looks at stretches of 384 ms, and leaves silence out


def stoi_installed() -> bool:
    """Whether `stoi` can be called."""
    return find_spec("pystoi") is not None


def stoi(reading: Audio, reference: Audio) -> float | None:
    """Short-time objective intelligibility, 0 to 1 (Taal and others 2011), over the common length.

    The two must be in step: the same voice, text and seed. None for readings that are too short.
    """
    from pystoi import stoi as measure

    count = min(len(reading.samples), len(reference.samples))
    if count < SHORTEST * reference.rate:
        return None
    return float(measure(reference.samples[:count], reading.samples[:count], reference.rate))
