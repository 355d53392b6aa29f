"""What models and the server count themselves, read when Prometheus asks."""

from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from speechtrt import __version__
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.lifecycle import Lifecycle, State
from speechtrt.runtime.serving.core.metrics import MODEL, labels
from speechtrt.runtime.serving.core.ports import Gauges, ModelCard


@dataclass(frozen=True, slots=True, eq=False)  # a registry knows collectors by identity
class ModelCollector(Collector):
    """Gauges of every model, and the server's own state."""

    catalogue: Catalogue
    lifecycle: Lifecycle

    def collect(self) -> Iterator[Metric]:
        """All of them, now."""
        releases = [release for shelf in self.catalogue.shelves for release in shelf.releases]
        models = [(release.card, release.opened.model.gauges()) for release in releases]
        yield from _model_gauges(models)
        yield from _stage_counters(models)
        yield _guard_counter(models)
        yield from _roles(self.catalogue)
        yield _gauge("ready", "1 when new requests are welcome", self.lifecycle.ready)
        yield _gauge("draining", "1 when only what runs is finished", self.lifecycle.state is State.DRAINING)
        build = GaugeMetricFamily("speechtrt_build_info", "The version that runs", labels=["version"])
        build.add_metric([__version__], 1)
        yield build


def _model_gauges(models: list[tuple[ModelCard, Gauges]]) -> Iterator[Metric]:
    def gauge(name: str, text: str) -> GaugeMetricFamily:
        return GaugeMetricFamily(f"speechtrt_{name}", text, labels=MODEL)

    def counter(name: str, text: str) -> CounterMetricFamily:
        return CounterMetricFamily(f"speechtrt_{name}", text, labels=MODEL)

    capacity, active = gauge("stream_capacity", "Slots of the model"), gauge("active_streams", "Slots in use")
    queue, fill = gauge("queue_depth", "Requests without a slot"), gauge("batch_fill_ratio", "Mean rows per slot")
    batches, slots = counter("batches", "Batches run"), counter("batch_slots", "Slots of the batches run")
    rows, rung = counter("batch_rows", "Rows of the batches run"), gauge("overload_rung", "0 is normal service")
    guard = gauge("guard_tripped", "1 when a guard has replaced the engines by the reference precision")
    for card, now in models:
        for family, value in (
            (capacity, card.slots),
            (active, now.active),
            (queue, now.waiting),
            (fill, now.fill),
            (batches, now.batches),
            (slots, now.batch_slots),
            (rows, now.rows),
            (rung, now.rung),
            (guard, float(now.tripped)),
        ):
            family.add_metric(labels(card), value)
    yield from (capacity, active, queue, fill, batches, slots, rows, rung, guard)


def _stage_counters(models: list[tuple[ModelCard, Gauges]]) -> Iterator[Metric]:
    names = (*MODEL, "stage")
    seconds = CounterMetricFamily("speechtrt_stage_seconds", "Time in each stage of the model", labels=names)
    calls = CounterMetricFamily("speechtrt_stage_calls", "Calls of each stage of the model", labels=names)
    for card, now in models:
        for stage in now.stages:
            seconds.add_metric((*labels(card), stage.stage), stage.seconds)
            calls.add_metric((*labels(card), stage.stage), stage.calls)
    yield from (seconds, calls)


def _guard_counter(models: list[tuple[ModelCard, Gauges]]) -> Metric:
    events = CounterMetricFamily("speechtrt_guard_events", "What guards have seen and done", labels=(*MODEL, "kind"))
    for card, now in models:
        for kind, count in now.guarded.items():
            events.add_metric((*labels(card), kind), count)
    return events


def _roles(catalogue: Catalogue) -> Iterator[Metric]:
    role = GaugeMetricFamily("speechtrt_engine_info", "What each open engine set does", labels=(*MODEL, "role"))
    share = GaugeMetricFamily(
        "speechtrt_canary_share", "Share of new requests for the engine set on trial", labels=MODEL
    )
    for shelf in catalogue.shelves:
        role.add_metric((*labels(shelf.stable.card), "stable"), 1)
        for release in shelf.retiring:
            role.add_metric((*labels(release.card), "retiring"), 1)
        if shelf.trial:
            card = shelf.trial.release.card
            role.add_metric((*labels(card), "candidate"), 1)
            share.add_metric(labels(card), shelf.trial.canary.share)
    yield from (role, share)


def _gauge(name: str, text: str, value: bool) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"speechtrt_{name}", text, value=float(value))
