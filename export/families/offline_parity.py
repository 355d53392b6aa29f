"""Batches of recordings of mixed lengths against the library's own model, which hears each of them alone."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from speechtrt.audio import Samples
from speechtrt.bundle import ParityRow
from speechtrt.export.families.base import Arrays, Runner
from speechtrt.export.families.fastconformer_sounds import recordings
from speechtrt.export.parity import JUNK, compare
from speechtrt.specs import StageSpec

Floats = npt.NDArray[np.float32]
Reference = Callable[[Samples], Floats]
_SECONDS = (2.3, 0.1, 1.4, 3.1, 0.55)
_START = 0.5  # seconds; recordings begin with silence, whose normalised features are nothing but rounding errors
_SURPLUS = 0.4  # seconds of padding behind the longest
_TOLERANCE = 1e-3  # quiet bins are normalised to the size of loud ones, and their rounding errors with them


def offline_parity(reference: Reference, runner: Runner, stage: StageSpec, rate: int) -> tuple[ParityRow, ...]:
    """Log-probabilities of rows in a padded batch and of a row alone; `reference` hears one recording."""
    sounds = recordings(rate, _START + max(_SECONDS))
    audios = [sound[round(_START * rate) :][: round(s * rate)] for sound, s in zip(sounds, _SECONDS, strict=False)]
    expected = [reference(audio) for audio in audios]
    together = heard(runner, pad(audios, round(_SURPLUS * rate), JUNK))
    alone = heard(runner, pad(audios[:1], 0, JUNK))
    return (
        _row(stage, f"log-probabilities of {len(audios)} recordings", zip(together, expected, strict=True)),
        _row(stage, "log-probabilities of a recording alone", zip(alone, expected[:1], strict=True)),
    )


def _row(stage: StageSpec, quantity: str, pairs: Iterable[tuple[Floats, Floats]]) -> ParityRow:
    return compare(stage.name, quantity, pairs, _TOLERANCE)


def pad(audios: Sequence[Samples], surplus: int, junk: float = 0.0) -> Arrays:
    """Inputs of a batch, with noise of standard deviation `junk` behind every row's end."""
    longest = max(map(len, audios)) + surplus
    pcm = np.random.default_rng(3).normal(0, junk, (len(audios), longest)).astype(np.float32)
    for row, audio in zip(pcm, audios, strict=True):
        row[: len(audio)] = audio
    return {"pcm": pcm, "samples": np.array([len(audio) for audio in audios], np.int64)}


def heard(runner: Runner, inputs: Arrays) -> Iterator[Floats]:
    """Log-probabilities [frames, labels] of every row."""
    outputs = runner(inputs)
    for row, count in zip(outputs["log_probs"], outputs["frames"].tolist(), strict=True):
        yield row[:count].astype(np.float32)
