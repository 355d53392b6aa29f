"""What Triton may add, on two cores."""

from speechtrt.benchmarks.measure.bar import Promise, Sense

PROMISES = (
    Promise("p95 that Triton adds to a chunk [s]", "overhead_seconds_p95", Sense.AT_MOST, 0.010),
    Promise("texts that differ from the runtime's", "texts_different_rate", Sense.AT_MOST, 0.0),
)
