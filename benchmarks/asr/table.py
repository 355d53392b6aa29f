"""The Markdown table of a speech-to-text result."""

from collections.abc import Sequence

from speechtrt.benchmarks.asr.summary import Numbers

COLUMNS = {
    "real-time factor": "real_time_factor",
    "audio s / s": "audio_seconds_per_second",
    "batch fill": "batch_fill",
    "WER": "word_error_rate",
    "CER": "character_error_rate",
}


def table(keys: Sequence[str], summary: Numbers) -> str:
    """One line per engine set, chunk and batch."""
    lines = [["engines", "chunk [ms]", "batch", *COLUMNS], ["---", *["---:"] * (2 + len(COLUMNS))]]
    for key in keys:
        side, chunk, batch = key.split(".")
        place = [side, chunk.removeprefix("chunk_"), batch.removeprefix("batch_")]
        lines.append([*place, *(f"{summary[f'{key}.{name}']:.3g}" for name in COLUMNS.values())])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
