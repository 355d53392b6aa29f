"""Counts beside those of jiwer."""

import jiwer
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.statistics.alignment import align
from speechtrt.benchmarks.statistics.utterance import UtteranceErrors

TEXTS = st.lists(st.sampled_from(["a", "be", "see", "dee", "eff"]), min_size=1, max_size=9).map(" ".join)


@given(TEXTS, TEXTS | st.just(""))
def test_characters_are_counted_as_jiwer_counts_them(reference: str, hypothesis: str) -> None:
    found = UtteranceErrors.of_characters("u", "s", reference, hypothesis)
    theirs = jiwer.process_characters(reference, hypothesis)
    assert found.errors == theirs.substitutions + theirs.deletions + theirs.insertions
    assert found.rate == theirs.cer


@given(TEXTS, TEXTS | st.just(""))
def test_words_differ_only_where_nist_prefers_another_kind_of_error(reference: str, hypothesis: str) -> None:
    """jiwer wants the fewest errors; sclite, which pays 4 for a substitution and 3 for others, may count one more."""
    found = UtteranceErrors.of("u", "s", align(reference.split(), hypothesis.split()))
    theirs = jiwer.process_words(reference, hypothesis)
    fewest = theirs.substitutions + theirs.deletions + theirs.insertions
    assert found.deletions - found.insertions == theirs.deletions - theirs.insertions
    assert fewest <= found.errors
    assert 4 * found.substitutions + 3 * (found.deletions + found.insertions) <= 4 * theirs.substitutions + 3 * (
        theirs.deletions + theirs.insertions
    )


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=5))
def test_a_corpus_of_single_errors_has_jiwers_rate(pairs: list[tuple[str, str]]) -> None:
    corpus = [(reference, f"{reference} x") for reference, _ in pairs]
    errors = [UtteranceErrors.of("u", "s", align(r.split(), h.split())) for r, h in corpus]
    rate = sum(e.errors for e in errors) / sum(e.tokens for e in errors)
    assert rate == jiwer.wer([r for r, _ in corpus], [h for _, h in corpus])
