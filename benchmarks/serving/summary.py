"""Flat numbers out of the trials of a served run."""

from collections.abc import Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.serving.disconnects import DisconnectTrial
from speechtrt.benchmarks.serving.first_audio import FirstAudioTrial
from speechtrt.benchmarks.serving.overload import OverloadTrial
from speechtrt.benchmarks.serving.start import StartTrial
from speechtrt.benchmarks.stream.summary import load_numbers, streams_at_slo
from speechtrt.benchmarks.stream.trial import StreamTrial

IN_PROCESS, WEBSOCKET, RIVA = "in_process", "websocket", "riva"
Numbers = dict[str, float]
Trial = StreamTrial | StartTrial | FirstAudioTrial | OverloadTrial | DisconnectTrial


@dataclass(frozen=True, slots=True)
class Measured:
    """Every trial of a run, by what it measures; `slo_seconds` is what p95 chunk latency must stay under."""

    paced: Sequence[StreamTrial]
    starts: Sequence[StartTrial]
    first_audio: FirstAudioTrial
    overload: OverloadTrial
    disconnects: DisconnectTrial
    slo_seconds: float

    @property
    def trials(self) -> tuple[Trial, ...]:
        """All of them."""
        return (*self.starts, self.first_audio, *self.paced, self.overload, self.disconnects)


def summarise(measured: Measured) -> Numbers:
    """All of it."""
    return {
        **_streams(measured),
        **_overhead(measured.paced),
        **_first_audio(measured.first_audio),
        **_overload(measured),
        **_disconnects(measured.disconnects),
        **_start(measured.starts),
    }


def audio_per_second(trials: Sequence[StreamTrial]) -> float:
    """Seconds of audio that paced clients sent, per second."""
    return Distribution.of([t.sent_seconds / t.wall_seconds for t in trials]).mean


def _streams(measured: Measured) -> Numbers:
    numbers: Numbers = {}
    chunk = measured.paced[0].chunk_milliseconds
    for side in (IN_PROCESS, WEBSOCKET):
        found = streams_at_slo(measured.paced, side, chunk, measured.slo_seconds)
        numbers[f"{side}.streams_at_slo"] = float(found[0].streams) if found else 0.0
        numbers |= {f"{side}.at_slo.{name}": value for name, value in (load_numbers(found) if found else {}).items()}
        if found:
            numbers[f"{side}.at_slo.client_cores"] = _client_cores(found)
    if inside := numbers[f"{IN_PROCESS}.streams_at_slo"]:
        numbers["streams_ratio"] = numbers[f"{WEBSOCKET}.streams_at_slo"] / inside
    return numbers


def _overhead(paced: Sequence[StreamTrial]) -> Numbers:
    """At a fixed small number of streams, where a chunk waits for nobody."""
    groups = {side: [t for t in paced if t.side == side and t.purpose == "fixed"] for side in (WEBSOCKET, RIVA)}
    inside = load_numbers([t for t in paced if t.side == IN_PROCESS and t.purpose == "fixed"])
    numbers = {f"{IN_PROCESS}.fixed.{name}": value for name, value in inside.items()}
    for side, group in groups.items():
        served = load_numbers(group)
        numbers |= {f"{side}.fixed.{name}": value for name, value in served.items()}
        numbers[f"{side}.fixed.client_cores"] = _client_cores(group)
        for quantile in ("p50", "p95", "p99"):
            name = f"chunk_latency_seconds_{quantile}"
            numbers[f"{side}.overhead_seconds_{quantile}"] = served[name] - inside[name]
        name = "cpu_seconds_per_stream_second"
        numbers[f"{side}.extra_{name}"] = served[name] - inside[name]
    return numbers


def _client_cores(trials: Sequence[StreamTrial]) -> float:
    return Distribution.of([t.client_cpu_seconds / t.wall_seconds for t in trials]).mean


def _first_audio(trial: FirstAudioTrial) -> Numbers:
    return {
        "first_audio.in_process_seconds_p50": trial.in_process.p50,
        "first_audio.in_process_seconds_p95": trial.in_process.p95,
        "first_audio.http_seconds_p50": trial.http.p50,
        "first_audio.http_seconds_p95": trial.http.p95,
        "first_audio.extra_seconds": trial.extra_seconds,
    }


def _overload(measured: Measured) -> Numbers:
    trial, numbers = measured.overload, Numbers()
    chunk = measured.paced[0].chunk_milliseconds
    if found := streams_at_slo(measured.paced, WEBSOCKET, chunk, measured.slo_seconds):
        numbers["overload.goodput_ratio"] = trial.goodput / audio_per_second(found)
    if trial.refusal.count:
        numbers["overload.refusal_seconds_p95"] = trial.refusal.p95
    return {
        **numbers,
        "overload.places": float(trial.places),
        "overload.offered": float(trial.offered),
        **{f"overload.{end}": float(count) for end, count in trial.ends.items()},
        "overload.unaccounted": float(trial.unaccounted),
        "overload.goodput": trial.goodput,
        "overload.chunk_latency_seconds_p95": trial.chunk.p95,
        "overload.cpu_cores": trial.cpu_seconds / trial.wall_seconds,
        "overload.client_cores": trial.client_cpu_seconds / trial.wall_seconds,
    }


def _disconnects(trial: DisconnectTrial) -> Numbers:
    return {
        "disconnects.count": float(trial.disconnects),
        "disconnects.slots_back_seconds": trial.slots_back_seconds,
        "disconnects.places_lost": float(trial.places - trial.places_free),
        "disconnects.neighbours": float(trial.neighbours),
        "disconnects.changed": float(trial.changed),
    }


def _start(trials: Sequence[StartTrial]) -> Numbers:
    return {
        "start.ready_seconds": max(t.ready_seconds for t in trials),
        "start.cpu_seconds": Distribution.of([t.start_cpu_seconds for t in trials]).mean,
        "start.idle_cores": max(t.idle_cores for t in trials),
        "start.memory_bytes": float(max(t.memory_bytes for t in trials)),
    }
