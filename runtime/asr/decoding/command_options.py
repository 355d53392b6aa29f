"""Options of commands that decode."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

from speechtrt.runtime.asr.decoding.options import (
    LM_WEIGHT,
    MOST_ALTERNATIVES,
    MOST_WIDTH,
    WIDTH,
    WORD_BONUS,
    DecodingOptions,
)

Command = Callable[..., Any]


def decoding_options(command: Command) -> Command:
    """Options for one parameter, `decoding`."""

    @wraps(command)
    def gathered(**values: Any) -> Any:
        chosen = {
            option: values.pop(option) for option in ("beam", "lm", "lm_weight", "word_bonus", "hotwords", "nbest")
        }
        return command(**values, decoding=_options(**chosen))

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


def _options(
    beam: int | None,
    lm: str | None,
    lm_weight: float | None,
    word_bonus: float | None,
    hotwords: Path | None,
    nbest: int,
) -> DecodingOptions:
    """Greedy unless something asks for a beam. Raises DataError for bad hot words."""
    from speechtrt.runtime.asr.decoding.phrase_file import read_phrases
    from speechtrt.runtime.asr.decoding.shipped import language_model_file

    if lm_weight is not None and lm is None:
        raise click.UsageError("--lm-weight needs --lm")
    if beam is None and (lm or hotwords or nbest > 1 or word_bonus is not None):
        beam = WIDTH
    if beam is None:
        return DecodingOptions()
    return DecodingOptions(
        beam,
        language_model_file(lm) if lm else None,
        LM_WEIGHT if lm_weight is None else lm_weight,
        word_bonus,
        read_phrases(hotwords) if hotwords else (),
        nbest,
    )


_OPTIONS = (
    click.option(
        "--beam", type=click.IntRange(1, MOST_WIDTH), help="Prefixes that a beam search keeps; greedy if absent."
    ),
    click.option("--lm", help="Word n-gram model, ARPA or gzip; `words` is the one that ships. Beam search."),
    click.option(
        "--lm-weight", type=click.FloatRange(0, 10), help=f"Weight of its logarithms; {LM_WEIGHT:g} if absent."
    ),
    click.option(
        "--word-bonus", type=click.FloatRange(-20, 20), help=f"Added for every word; {WORD_BONUS:g} with --lm, else 0."
    ),
    click.option(
        "--hotwords", type=click.Path(path_type=Path), help="File with a likely word or phrase per line. Beam search."
    ),
    click.option(
        "--nbest",
        type=click.IntRange(1, MOST_ALTERNATIVES),
        default=1,
        show_default=True,
        help="Readings of each file, with scores, in JSON. Beam search.",
    ),
)
