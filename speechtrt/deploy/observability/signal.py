"""Figures that operators, alerts and autoscalers look at, each one query whoever asks."""

from dataclasses import dataclass
from string import Template

WINDOW = "2m"


@dataclass(frozen=True, slots=True)
class Signal:
    """A figure as PromQL. In `template`, $of are matchers, $by labels to group by, $window the span of a rate."""

    name: str
    title: str
    unit: str
    template: str

    def query(self, of: str = "", by: str = "pool", window: str = WINDOW) -> str:
        """The query for series that match `of`, grouped by `by`."""
        return Template(self.template).substitute(of=of, by=by, window=window)

    @property
    def record(self) -> str:
        """The series that a recording rule keeps of it, by pool."""
        return f"speechtrt:{self.name}"

    def number(self, of: str) -> str:
        """One number, 0 where nothing happened."""
        return f"({self.query(of, by='')}) >= 0 or on() vector(0)"


def _quantile(share: float, histogram: str) -> str:
    buckets = f"rate(speechtrt_{histogram}_bucket{{$of}}[$window])"
    return f"histogram_quantile({share}, sum by (le, $by) ({buckets}))"


def _ratio(above: str, below: str) -> str:
    return f"sum by ($by) ({above}) / sum by ($by) ({below})"


def _rates(above: str, below: str) -> str:
    return _ratio(f"rate(speechtrt_{above}[$window])", f"rate(speechtrt_{below}[$window])")


OCCUPANCY = Signal(
    "slot_occupancy",
    "Slots in use",
    "percentunit",
    _ratio("speechtrt_active_streams{$of}", "speechtrt_stream_capacity{$of}"),
)
CHUNK_P50 = Signal("chunk_latency_p50", "Chunk latency, p50", "s", _quantile(0.5, "asr_partial_latency_seconds"))
CHUNK_P95 = Signal("chunk_latency_p95", "Chunk latency, p95", "s", _quantile(0.95, "asr_partial_latency_seconds"))
FIRST_AUDIO_P50 = Signal(
    "first_audio_p50", "Time to first audio, p50", "s", _quantile(0.5, "tts_time_to_first_audio_seconds")
)
FIRST_AUDIO_P95 = Signal(
    "first_audio_p95", "Time to first audio, p95", "s", _quantile(0.95, "tts_time_to_first_audio_seconds")
)
RTF = Signal(
    "real_time_factor",
    "Real-time factor of speech",
    "none",
    _rates("real_time_factor_sum{$of}", "real_time_factor_count{$of}"),
)
BATCH_FILL = Signal(
    "batch_fill", "Batch fill", "percentunit", _rates("batch_rows_total{$of}", "batch_slots_total{$of}")
)
DROPS = Signal(
    "drop_rate",
    "Requests refused",
    "percentunit",
    _rates('requests_total{outcome="shed", $of}', "requests_total{$of}"),
)
QUEUE = Signal("queue_depth", "Requests without a slot", "none", "sum by ($by) (speechtrt_queue_depth{$of})")
ERRORS = Signal(
    "error_rate",
    "Requests that failed",
    "percentunit",
    _rates('requests_total{outcome="error", $of}', "requests_total{$of}"),
)
DROPPED_AUDIO = Signal(
    "dropped_audio",
    "Audio left unheard",
    "percentunit",
    _rates("dropped_audio_seconds_total{$of}", 'audio_seconds_total{direction="in", $of}'),
)
GUARD = Signal("guard_tripped", "Models whose guard has tripped", "none", "sum by ($by) (speechtrt_guard_tripped{$of})")
GPU_LOAD = Signal("gpu_load", "GPU in use", "percentunit", "avg by ($by) (speechtrt_gpu_utilization_ratio{$of})")
GPU_MEMORY = Signal(
    "gpu_memory",
    "GPU memory in use",
    "percentunit",
    _ratio("speechtrt_gpu_memory_used_bytes{$of}", "speechtrt_gpu_memory_total_bytes{$of}"),
)
READY = Signal("ready_servers", "Servers ready", "none", "sum by ($by) (speechtrt_ready{$of})")
RUNG = Signal("overload_rung", "Overload rung", "none", "max by ($by) (speechtrt_overload_rung{$of})")

SIGNALS = (
    OCCUPANCY,
    CHUNK_P50,
    CHUNK_P95,
    FIRST_AUDIO_P50,
    FIRST_AUDIO_P95,
    RTF,
    BATCH_FILL,
    DROPS,
    ERRORS,
    DROPPED_AUDIO,
    QUEUE,
    RUNG,
    GUARD,
    GPU_LOAD,
    GPU_MEMORY,
    READY,
)
