"""What a text is worth beside its sound, label by label and as a whole."""

import math
from pathlib import Path

import pytest

from speechtrt.runtime.asr.decoding.fusion import Context, Fusion
from speechtrt.runtime.asr.decoding.hot_words import HotWords
from speechtrt.runtime.asr.decoding.language_model import LanguageModel
from speechtrt.runtime.asr.decoding.options import HotPhrase

PIECES = ("\u2581a", "b", "\u2581", "c", "")
A, B, MARK, C = range(4)
ARPA = """\\data\\
ngram 1=5
ngram 2=1

\\1-grams:
-1.0 </s>
-99 <s> -0.5
-4.0 <unk>
-0.5 ab
-1.5 ac

\\2-grams:
-0.1 <s> ac

\\end\\
"""
LN10 = math.log(10)
WEIGHT, BONUS = 0.5, 2.0


@pytest.fixture
def model(tmp_path: Path) -> LanguageModel:
    path = tmp_path / "tiny.arpa"
    path.write_text(ARPA)
    return LanguageModel.open(path)


def after(fusion: Fusion, labels: list[int]) -> Context:
    context = fusion.begin
    for label in labels:
        context = fusion.extend(context, label)
    return context


def test_a_word_counts_as_the_likeliest_that_it_may_become_until_it_is_whole(model: LanguageModel) -> None:
    fusion = Fusion(PIECES, model, WEIGHT, BONUS, None)
    assert fusion.begin.bias == 0.0
    assert after(fusion, [A]).bias == pytest.approx(WEIGHT * -0.5 * LN10 + BONUS)
    assert after(fusion, [A, C]).bias == pytest.approx(WEIGHT * -1.5 * LN10 + BONUS)
    assert after(fusion, [A, C, A]).bias == pytest.approx(WEIGHT * (-0.1 - 0.5) * LN10 + 2 * BONUS)
    assert after(fusion, [A, A]).bias == pytest.approx(WEIGHT * (-0.5 - 4.0 - 0.5) * LN10 + 2 * BONUS)


def test_the_end_makes_the_last_word_whole_and_is_a_word_itself(model: LanguageModel) -> None:
    fusion = Fusion(PIECES, model, WEIGHT, BONUS, None)
    whole = after(fusion, [A, C])
    assert fusion.finish(whole, ended=False) == pytest.approx(WEIGHT * -0.1 * LN10 + BONUS)
    assert fusion.finish(whole, ended=True) == pytest.approx(WEIGHT * (-0.1 - 1.0) * LN10 + BONUS)
    assert fusion.finish(fusion.begin, ended=False) == 0.0


def test_a_mark_alone_begins_a_word_that_counts_when_it_has_letters(model: LanguageModel) -> None:
    fusion = Fusion(PIECES, None, WEIGHT, BONUS, None)
    assert [after(fusion, labels).bias for labels in ([MARK], [MARK, C], [C], [C, MARK])] == [0, BONUS, BONUS, BONUS]
    assert Fusion(PIECES, model, WEIGHT, BONUS, None).finish(after(fusion, [MARK]), ended=False) == 0.0


def test_an_unfinished_phrase_is_worth_nothing_at_the_end() -> None:
    fusion = Fusion(PIECES, None, 0.0, 0.0, HotWords.of([HotPhrase("ab c", 4.0)], PIECES))
    begun, whole = after(fusion, [A, B]), after(fusion, [A, B, MARK, C])
    assert begun.bias > 0 and fusion.finish(begun, ended=True) == 0.0
    assert fusion.finish(whole, ended=True) == 4.0
