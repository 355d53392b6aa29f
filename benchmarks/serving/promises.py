"""What the server promises, on two cores."""

from speechtrt.benchmarks.measure.bar import Promise, Sense

PROMISES = (
    Promise("streams over WebSockets against in process", "streams_ratio", Sense.AT_LEAST, 0.85),
    Promise("p95 that a WebSocket adds to a chunk [s]", "websocket.overhead_seconds_p95", Sense.AT_MOST, 0.005),
    Promise("p95 that gRPC adds to a chunk [s]", "riva.overhead_seconds_p95", Sense.AT_MOST, 0.005),
    Promise("what HTTP adds to the first audio [s]", "first_audio.extra_seconds", Sense.AT_MOST, 0.015),
    Promise("goodput at three times the load", "overload.goodput_ratio", Sense.AT_LEAST, 0.9),
    Promise("p95 chunk latency of who was let in [s]", "overload.chunk_latency_seconds_p95", Sense.AT_MOST, 0.1),
    Promise("p95 until a refusal [s]", "overload.refusal_seconds_p95", Sense.AT_MOST, 0.05),
    Promise("visits that were not accounted for", "overload.unaccounted", Sense.AT_MOST, 0.0),
    Promise("slots free after the last disconnect [s]", "disconnects.slots_back_seconds", Sense.AT_MOST, 2.0),
    Promise("places lost by disconnects", "disconnects.places_lost", Sense.AT_MOST, 0.0),
    Promise("neighbours of disconnects that changed", "disconnects.changed", Sense.AT_MOST, 0.0),
    Promise("ready after [s]", "start.ready_seconds", Sense.AT_MOST, 3.0),
    Promise("cores of an idle server", "start.idle_cores", Sense.AT_MOST, 0.01),
)
