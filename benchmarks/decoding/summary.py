"""Flat numbers out of passes: what each way of decoding costs, and how many word errors it saves."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from speechtrt.benchmarks.decoding.load import GREEDY_WAY, Spoken
from speechtrt.benchmarks.decoding.trial import DecodingTrial
from speechtrt.benchmarks.measure.bar import Promise, Sense
from speechtrt.benchmarks.measure.bootstrap import interval, resample
from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.markdown import markdown_table
from speechtrt.benchmarks.measure.verdict import contention_reasons, trial_reasons
from speechtrt.models.word_errors import word_errors

Numbers = dict[str, float]
Texts = Mapping[str, Sequence[str]]  # by the key of a trial, in the order of the recordings

PROMISES = tuple(
    Promise(
        f"word errors with the language model / greedy, chunks of {chunk} ms",
        f"beam_8_words.chunk_{chunk}.word_error_ratio",
        Sense.AT_MOST,
        0.85,
    )
    for chunk in (160, 560)
)


def summarise(trials: Sequence[DecodingTrial], texts: Texts, spoken: Sequence[Spoken]) -> Numbers:
    """Numbers of every way and chunk; ratios are to greedy decoding with the same chunk."""
    seconds = sum(one.audio.seconds for one in spoken)
    numbers: Numbers = {}
    for key, group in _grouped(trials).items():
        greedy = f"{GREEDY_WAY}.chunk_{group[0].chunk_milliseconds}"
        found = {**_costs(group, seconds), **_errors(texts[key], texts[greedy], spoken)}
        numbers |= {f"{key}.{name}": value for name, value in found.items()}
    return numbers


def doubts(trials: Sequence[DecodingTrial]) -> list[str]:
    """Why the numbers may not be quoted: unsteady passes or a busy machine."""
    groups = _grouped(trials)
    rates = {key: [1 / one.wall_seconds for one in group] for key, group in groups.items()}
    shares = {key: [one.foreign_share for one in group] for key, group in groups.items()}
    return [*trial_reasons(rates), *contention_reasons(shares)]


def table(numbers: Numbers, trials: Sequence[DecodingTrial]) -> str:
    """Markdown: a row for each way and chunk."""
    return markdown_table(_rows(numbers, _grouped(trials)))


def _rows(numbers: Numbers, keys: Mapping[str, object]) -> Iterator[list[str]]:
    yield ["decoding", "chunk [ms]", "WER", "errors / greedy", "95 %", "decoding [ms / s]", "of the encoder"]
    for key in keys:
        way, _, chunk = key.partition(".chunk_")
        mine = {name: numbers[f"{key}.{name}"] for name in COLUMNS}
        yield [
            way,
            chunk,
            f"{100 * mine['word_error_rate']:.1f} %",
            f"{mine['word_error_ratio']:.2f}",
            f"{mine['word_error_ratio_low']:.2f} to {mine['word_error_ratio_high']:.2f}",
            f"{1000 * mine['decoding_seconds_per_audio_second']:.2f}",
            f"{100 * mine['decoding_encoder_ratio']:.0f} %",
        ]


COLUMNS = (
    "word_error_rate",
    "word_error_ratio",
    "word_error_ratio_low",
    "word_error_ratio_high",
    "decoding_seconds_per_audio_second",
    "decoding_encoder_ratio",
)


def _grouped(trials: Sequence[DecodingTrial]) -> dict[str, list[DecodingTrial]]:
    groups: dict[str, list[DecodingTrial]] = defaultdict(list)
    for trial in trials:
        groups[trial.key].append(trial)
    return groups


def _costs(group: Sequence[DecodingTrial], seconds: float) -> Numbers:
    return {
        "real_time_factor": Distribution.of([one.wall_seconds / seconds for one in group]).mean,
        "cpu_seconds_per_audio_second": Distribution.of([one.cpu_seconds / seconds for one in group]).mean,
        "decoding_seconds_per_audio_second": Distribution.of([one.decoding_seconds / seconds for one in group]).mean,
        "decoding_encoder_ratio": Distribution.of([one.decoding_seconds / one.encoder_seconds for one in group]).mean,
        "word_error_rate": group[0].word_error_rate,
        "character_error_rate": group[0].character_error_rate,
        **{f"{dialect}.word_error_rate": rate for dialect, rate in group[0].dialects.items()},
    }


def _errors(texts: Sequence[str], greedy: Sequence[str], spoken: Sequence[Spoken]) -> Numbers:
    """Word errors over those of greedy decoding, paired; voices are drawn as a whole."""
    columns = np.array(
        [[_edits(one, mine), _edits(one, base)] for one, mine, base in zip(spoken, texts, greedy, strict=True)]
    )
    mine, base = columns.sum(0)
    drawn = resample(columns, [one.voice for one in spoken])
    found = interval(drawn[:, 0] / np.maximum(drawn[:, 1], 1))
    return {
        "word_error_ratio": float(mine / max(1, base)),
        "word_error_ratio_low": found.low,
        "word_error_ratio_high": found.high,
    }


def _edits(one: Spoken, heard: str) -> float:
    return float(word_errors([(one.text, heard)]).edits)
