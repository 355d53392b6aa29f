from speechtrt.benchmarks.measure.bar import Promise, Sense, judge_bars

LATENCY = Promise("latency", "latency_ratio", Sense.AT_MOST, 0.125)
RATE = Promise("rate", "rate_ratio", Sense.AT_LEAST, 8.0)


def test_promises_are_kept_up_to_their_bar() -> None:
    kept = judge_bars((LATENCY, RATE), {"latency_ratio": 0.125, "rate_ratio": 8.0})
    assert [bar.passed for bar in kept] == [True, True]
    missed = judge_bars((LATENCY, RATE), {"latency_ratio": 0.126, "rate_ratio": 7.9})
    assert [(bar.name, bar.value, bar.passed) for bar in missed] == [("latency", 0.126, False), ("rate", 7.9, False)]


def test_what_was_not_measured_is_not_judged() -> None:
    assert [bar.name for bar in judge_bars((LATENCY, RATE), {"rate_ratio": 9.0})] == ["rate"]
