"""Held-out error rates of a CTC model, as a whole and for each voice."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

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
    pairs = [(utterance.text, text) for utterance, text in zip(held_out.utterances, found, strict=True)]
    spoken = sorted(zip([f"{u.synthesizer} {u.voice}" for u in held_out.utterances], pairs, strict=True))
    voices = {voice: score([pair for _, pair in group]) for voice, group in groupby(spoken, key=lambda item: item[0])}
    return CtcEvaluation(lookahead, score(pairs), voices, tuple(pairs))
