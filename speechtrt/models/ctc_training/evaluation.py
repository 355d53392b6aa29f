"""Held-out error rates of a CTC model, as a whole and for each voice."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_training.decode import transcribe_features
from speechtrt.models.ctc_training.features import FeatureSet
from speechtrt.models.tokenizer import PieceTokenizer
from speechtrt.models.word_errors import character_errors, word_errors

Pair = tuple[str, str]  # reference, hypothesis


@dataclass(frozen=True, slots=True)
class Score:
    """Error rates over a number of utterances and reference words."""

    utterances: int
    words: int
    wer: float
    cer: float


@dataclass(frozen=True, slots=True)
class CtcEvaluation:
    """Greedy scores for one lookahead (right context in encoder frames of 80 ms)."""

    lookahead: int
    overall: Score
    voices: dict[str, Score]
    dialects: dict[str, Score]
    texts: tuple[Pair, ...]

    @property
    def chunk_milliseconds(self) -> int:
        """Length of the chunk that this lookahead streams in."""
        return 80 * (self.lookahead + 1)


def score(pairs: Sequence[Pair]) -> Score:
    """Error rates of (reference, hypothesis) pairs."""
    words = word_errors(pairs)
    return Score(len(pairs), words.tokens, round(words.rate, 5), round(character_errors(pairs).rate, 5))


def evaluate_ctc(
    model: FastConformerCtc, tokenizer: PieceTokenizer, held_out: FeatureSet, lookahead: int
) -> CtcEvaluation:
    """Transcribe `held_out` greedily, computed offline under the mask of `lookahead`, and count the errors."""
    features = [held_out.features(index) for index in range(len(held_out.utterances))]
    found = transcribe_features(model, tokenizer, features, lookahead)
    pairs = tuple((utterance.text, text) for utterance, text in zip(held_out.utterances, found, strict=True))
    voices = [f"{utterance.synthesizer} {utterance.voice}" for utterance in held_out.utterances]
    dialects = [utterance.dialect for utterance in held_out.utterances]
    return CtcEvaluation(lookahead, score(pairs), _by_group(voices, pairs), _by_group(dialects, pairs), pairs)


def _by_group(names: Sequence[str | None], pairs: Sequence[Pair]) -> dict[str, Score]:
    """The score of each group; utterances of none are left out."""
    named = sorted((name, pair) for name, pair in zip(names, pairs, strict=True) if name is not None)
    return {name: score([pair for _, pair in group]) for name, group in groupby(named, key=itemgetter(0))}
