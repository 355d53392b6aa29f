"""What the text-to-speech runtime promises, on two cores."""

from speechtrt.benchmarks.measure.bar import Promise, Sense

PROMISES = (
    Promise("mean latency against the baseline", "latency_mean_ratio", Sense.AT_MOST, 1 / 8),
    Promise("p95 latency against the baseline", "latency_p95_ratio", Sense.AT_MOST, 1 / 8),
    Promise("throughput against the baseline", "throughput_ratio", Sense.AT_LEAST, 8.0),
    Promise("peak memory against the baseline", "memory_ratio", Sense.AT_MOST, 0.4),
    Promise("throughput, continuous against static batches", "mixed.throughput_ratio", Sense.AT_LEAST, 2.0),
    Promise("p95 latency, continuous against static batches", "mixed.latency_p95_ratio", Sense.AT_MOST, 0.5),
    Promise("batch fill at saturation", "saturated.batch_fill", Sense.AT_LEAST, 0.95),
    Promise("scheduler's share of time at saturation", "saturated.scheduler_share", Sense.AT_MOST, 0.03),
    Promise("first audio against all of a 5 s utterance", "five_seconds.first_audio_ratio", Sense.AT_MOST, 0.25),
    Promise("quality within its limits (1 is yes)", "quality.passed", Sense.AT_LEAST, 1.0),
)
