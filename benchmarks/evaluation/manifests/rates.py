"""The sample rates of recordings, from their headers."""

from collections import Counter
from collections.abc import Sequence

from speechtrt.benchmarks.evaluation.manifests.manifest import Entry


def sample_rates(entries: Sequence[Entry]) -> dict[str, int]:
    """How many recordings have each rate in Hz, the lowest first; files that cannot be read are left out."""
    counts = Counter(rate for entry in entries if (rate := _rate(entry)) is not None)
    return {str(rate): counts[rate] for rate in sorted(counts)}


def _rate(entry: Entry) -> int | None:
    import soundfile

    try:
        return int(soundfile.info(entry.audio).samplerate)
    except soundfile.SoundFileError:
        return None
