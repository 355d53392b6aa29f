"""Figures for Prometheus, in base units, with a label per model and none per session."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from speechtrt.runtime.policy.canary import Latency
from speechtrt.runtime.serving.core.ports import ModelCard
from speechtrt.runtime.serving.core.refusal import Reason, Refusal

MODEL = ("model", "version", "engine")
LATENCY = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2, 5)
DURATION = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
RTF = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 1.5, 2, 4)


class Outcome(StrEnum):
    """How a request ended."""

    OK = "ok"
    SHED = "shed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"
    INVALID = "invalid"
    ERROR = "error"


SHED = (Reason.BUSY, Reason.DRAINING, Reason.UNREADY)


class Departure(Exception):
    """The client has gone before it had all of its answer."""


def outcome_of(error: BaseException) -> Outcome:
    """The outcome that an exception means."""
    if isinstance(error, Departure):
        return Outcome.CANCELLED
    if isinstance(error, Refusal):
        if error.reason in SHED:
            return Outcome.SHED
        return Outcome.ERROR if error.reason is Reason.BROKEN else Outcome.INVALID
    if isinstance(error, TimeoutError):
        return Outcome.TIMEOUT
    return Outcome.ERROR if isinstance(error, Exception) else Outcome.CANCELLED


class Watcher(Protocol):
    """Somebody who is told of every request of a model."""

    def took(self, card: ModelCard, latency: Latency, seconds: float) -> None:
        """Something took so long."""

    def ended(self, card: ModelCard, outcome: Outcome) -> None:
        """A request has ended so."""


@dataclass(slots=True)
class Metrics:
    """Every figure that events feed; what a model counts itself is read at each scrape (`ModelCollector`)."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    watchers: list[Watcher] = field(default_factory=list)
    _of_models: list[Counter | Histogram] = field(default_factory=list)
    requests: Counter = field(init=False)
    shed: Counter = field(init=False)
    duration: Histogram = field(init=False)
    first_audio: Histogram = field(init=False)
    chunk_interval: Histogram = field(init=False)
    underruns: Counter = field(init=False)
    first_partial: Histogram = field(init=False)
    partial_latency: Histogram = field(init=False)
    final_latency: Histogram = field(init=False)
    real_time_factor: Histogram = field(init=False)
    audio: Counter = field(init=False)
    slow_consumers: Counter = field(init=False)
    dropped: Counter = field(init=False)
    failed_turns: Counter = field(init=False)
    routed: Counter = field(init=False)
    fleet: Counter = field(init=False)
    loop_lag: Gauge = field(init=False)

    def __post_init__(self) -> None:
        self.requests = self._counter("requests", "Requests by how they ended", (*MODEL, "outcome"))
        self.shed = self._counter("shed", "Requests refused to protect those in flight", (*MODEL, "reason"))
        self.duration = self._histogram("request_duration_seconds", "Request from first to last byte", DURATION)
        self.first_audio = self._histogram("tts_time_to_first_audio_seconds", "Request to first sound", LATENCY)
        self.chunk_interval = self._histogram("tts_chunk_interval_seconds", "Between two pieces of sound", LATENCY)
        self.underruns = self._counter(
            "tts_underruns", "Pieces of sound that came after the one before had been played"
        )
        self.first_partial = self._histogram("asr_first_partial_seconds", "First audio to first words", LATENCY)
        self.partial_latency = self._histogram("asr_partial_latency_seconds", "Audio to the words heard in it", LATENCY)
        self.final_latency = self._histogram("asr_final_latency_seconds", "End of audio to the final text", LATENCY)
        self.real_time_factor = self._histogram("real_time_factor", "Time in work per second of audio", RTF)
        self.audio = self._counter("audio_seconds", "Seconds of audio heard or spoken", (*MODEL, "direction"))
        self.dropped = self._counter("dropped_audio_seconds", "Audio of live streams that overload left unheard")
        self.slow_consumers = self._counter("slow_consumer_disconnects", "Clients cut because they did not read")
        self.failed_turns = self._counter("failed_turns", "Turns of live sessions that ended in an error, not in words")
        self.routed = self._counter("routed", "Streams that went to a model by the server's choice", ("model",))
        lag = "How late the event loop was at most in the last seconds"
        self.loop_lag = Gauge("speechtrt_event_loop_lag_seconds", lag, registry=self.registry)
        self.fleet = self._counter("engine_changes", "What happened to engine sets of a model", ("model", "act"))

    def declare(self, card: ModelCard) -> None:
        """Let every series of a model begin at zero."""
        for outcome in Outcome:
            self.requests.labels(*labels(card), outcome)
        for reason in SHED:
            self.shed.labels(*labels(card), reason.value)
        for counter in (self.slow_consumers, self.dropped, self.failed_turns):
            counter.labels(*labels(card))

    def forget(self, card: ModelCard) -> None:
        """Let every series of an engine set end that is closed for good."""
        for family in self._of_models:
            family.remove_by_labels(dict(zip(MODEL, labels(card), strict=True)))

    @contextmanager
    def request(self, card: ModelCard) -> Iterator[None]:
        """Count the block as one request of a model, with its duration and outcome."""
        start, outcome = time.monotonic(), Outcome.OK
        try:
            yield
        except BaseException as error:
            outcome = outcome_of(error)
            if isinstance(error, Refusal) and error.reason in SHED:
                self.shed.labels(*labels(card), error.reason.value).inc()
            raise
        finally:
            for watcher in self.watchers:
                watcher.ended(card, outcome)
            self.requests.labels(*labels(card), outcome).inc()
            self.duration.labels(*labels(card)).observe(time.monotonic() - start)

    def first_sound(self, card: ModelCard, seconds: float) -> None:
        """A text was spoken from `seconds` after it was asked for on."""
        self._latency(card, Latency.FIRST_AUDIO, self.first_audio, seconds)

    def first_words(self, card: ModelCard, seconds: float) -> None:
        """A stream's first words came `seconds` after it was opened."""
        self.first_partial.labels(*labels(card)).observe(seconds)

    def words(self, card: ModelCard, seconds: float) -> None:
        """Words came `seconds` after the audio they were heard in."""
        self._latency(card, Latency.PARTIAL, self.partial_latency, seconds)

    def last_words(self, card: ModelCard, seconds: float) -> None:
        """A stream's last words came `seconds` after its audio had ended."""
        self._latency(card, Latency.FINAL, self.final_latency, seconds)

    def recorded(self, card: ModelCard, audio_seconds: float, seconds: float) -> None:
        """A recording was heard in `seconds`."""
        self.heard(card, audio_seconds)
        self._latency(card, Latency.RECORDING, self.real_time_factor, seconds / audio_seconds if audio_seconds else 0.0)

    def heard(self, card: ModelCard, seconds: float) -> None:
        """Count audio that a model has heard."""
        self.audio.labels(*labels(card), "in").inc(seconds)

    def failed_turn(self, card: ModelCard) -> None:
        """Count a turn whose stream broke; its session goes on."""
        self.failed_turns.labels(*labels(card)).inc()

    def slow_consumer(self, card: ModelCard) -> Callable[[], None]:
        """What to call when a client of a model is cut because it does not read."""
        return self.slow_consumers.labels(*labels(card)).inc

    def exposition(self) -> bytes:
        """Every figure in Prometheus' text format."""
        return generate_latest(self.registry)

    def _latency(self, card: ModelCard, latency: Latency, histogram: Histogram, seconds: float) -> None:
        histogram.labels(*labels(card)).observe(seconds)
        for watcher in self.watchers:
            watcher.took(card, latency, seconds)

    def _counter(self, name: str, text: str, names: tuple[str, ...] = MODEL) -> Counter:
        found = Counter(f"speechtrt_{name}", text, names, registry=self.registry)
        if names[: len(MODEL)] == MODEL:
            self._of_models.append(found)
        return found

    def _histogram(self, name: str, text: str, edges: tuple[float, ...]) -> Histogram:
        found = Histogram(f"speechtrt_{name}", text, MODEL, buckets=edges, registry=self.registry)
        self._of_models.append(found)
        return found


def labels(card: ModelCard) -> tuple[str, str, str]:
    """A model's label values."""
    return card.name, card.version, card.engine
