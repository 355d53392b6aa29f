"""What the streaming runtime promises, on two cores."""

from speechtrt.benchmarks.measure.bar import Promise, Sense

PROMISES = (
    Promise("streams in time against sherpa-onnx at its best", "streams_ratio", Sense.AT_LEAST, 1.5),
    Promise("streams in time, chunks of 560 ms", "chunk_560.streams_at_slo", Sense.AT_LEAST, 200.0),
    Promise("streams in time, chunks of 160 ms", "chunk_160.streams_at_slo", Sense.AT_LEAST, 64.0),
    Promise("p95 chunk latency of 64 streams, the worse chunk size", "at_64.latency_seconds_p95", Sense.AT_MOST, 0.072),
    Promise("batch fill with more streams than can be served", "overload.batch_fill", Sense.AT_LEAST, 0.9),
    Promise("memory of the process with 64 streams", "at_64.memory_bytes", Sense.AT_MOST, 1e9),
    Promise("utterances whose live text is not the offline one", "texts.different", Sense.AT_MOST, 0.0),
    Promise("CPU per stream, 256 streams against 16", "growth.cpu_per_stream_ratio", Sense.AT_MOST, 1.0),
    Promise("features, batching and decoding, share of CPU", "front_and_back_share", Sense.AT_MOST, 0.25),
)
