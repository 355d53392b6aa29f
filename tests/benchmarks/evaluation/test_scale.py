"""What the scoring benchmark measures is real work on texts with the errors that it says."""

from speechtrt.benchmarks.evaluation.scale import SYSTEMS, Score, Scorer, measure_one, misheard, spoken
from speechtrt.benchmarks.statistics.alignment import align


def test_made_up_texts_have_the_errors_they_should() -> None:
    said = spoken(300)
    for seed, (_, rate) in enumerate(SYSTEMS, 1):
        found = [align(a.split(), b.split()) for a, b in zip(said, misheard(said, rate, seed), strict=True)]
        assert abs(sum(a.errors for a in found) / sum(a.tokens for a in found) - rate) < 0.02


def test_a_trial_is_timed_in_a_process_of_its_own() -> None:
    found = measure_one(200)
    assert found.utterances == 200 and found.seconds > 0 and found.peak_memory_bytes > 2**24
    assert Score(100)(Scorer()).utterances == 100
