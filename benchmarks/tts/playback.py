"""What a listener notices of a speech that comes in chunks."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True, slots=True)
class Chunk:
    """So many seconds of audio, there `at` seconds after the request."""

    at: float
    audio_seconds: float


@dataclass(frozen=True, slots=True)
class Playback:
    """Seconds to the first sound, the longest wait between two chunks, and how long playback stood still for want."""

    first_audio_seconds: float
    longest_gap_seconds: float
    underrun_seconds: float


def play(chunks: Sequence[Chunk]) -> Playback:
    """Playback that starts with the first chunk and buffers nothing ahead."""
    underrun, until = 0.0, chunks[0].at
    for chunk in chunks:
        underrun += max(0.0, chunk.at - until)
        until = max(until, chunk.at) + chunk.audio_seconds
    gaps = [later.at - earlier.at for earlier, later in pairwise(chunks)]
    return Playback(chunks[0].at, max(gaps, default=0.0), underrun)
