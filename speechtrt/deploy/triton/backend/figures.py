"""What a model counts itself, as metrics of Triton under the names that our own server uses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from threading import Event, Thread
from typing import Any

import triton_python_backend_utils as backend  # inside of Triton only

from speechtrt.closing import Closing
from speechtrt.deploy.triton.backend.arguments import Arguments

SECONDS = 1.0


class Figure(Enum):
    """Name and meaning of each; names of counters end in total, as Prometheus has it."""

    CAPACITY = ("speechtrt_stream_capacity", "Slots of the model")
    ACTIVE = ("speechtrt_active_streams", "Slots in use")
    QUEUE = ("speechtrt_queue_depth", "Requests without a slot")
    BATCHES = ("speechtrt_batches_total", "Batches run")
    ROWS = ("speechtrt_batch_rows_total", "Rows of the batches run")
    SLOTS = ("speechtrt_batch_slots_total", "Slots of the batches run")
    AUDIO = ("speechtrt_audio_seconds_total", "Seconds of audio heard or spoken")

    @property
    def counts(self) -> bool:
        """Whether it only grows."""
        return self.value[0].endswith("_total")


Reading = Mapping[Figure, float]


@dataclass(slots=True)
class Figures(Closing):
    """Reads a model once a second, away from its requests, and hands it on."""

    read: Callable[[], Reading]
    labels: Mapping[str, str]
    _metrics: dict[Figure, Any] = field(default_factory=dict)
    _families: list[Any] = field(default_factory=list)  # a metric lives as long as its family
    _last: dict[Figure, float] = field(default_factory=dict)
    _over: Event = field(default_factory=Event)
    _thread: Thread = field(init=False)

    @classmethod
    def start(cls, arguments: Arguments, read: Callable[[], Reading]) -> "Figures":
        """Report until closed."""
        manifest = arguments.folder.manifest
        labels = {
            "model": arguments.model,
            "version": manifest.bundle_sha256[:12],
            "engine": manifest.engine,
            "instance": arguments.instance,
        }
        figures = cls(read, labels)
        figures.hand_on()
        figures._thread = Thread(target=figures._run, name="figures", daemon=True)
        figures._thread.start()
        return figures

    def hand_on(self) -> None:
        """Tell Triton."""
        for figure, value in self.read().items():
            metric = self._metric(figure)
            if figure.counts:
                metric.increment(value - self._last.get(figure, 0.0))
            else:
                metric.set(value)
            self._last[figure] = value

    def close(self) -> None:
        """Report a last time, and no more."""
        self._over.set()
        self._thread.join()
        self.hand_on()

    def _run(self) -> None:
        while not self._over.wait(SECONDS):
            self.hand_on()

    def _metric(self, figure: Figure) -> Any:
        if figure not in self._metrics:
            name, text = figure.value
            kind = backend.MetricFamily.COUNTER if figure.counts else backend.MetricFamily.GAUGE
            family = backend.MetricFamily(name=name, description=text, kind=kind)
            self._families.append(family)
            self._metrics[figure] = family.Metric(labels=dict(self.labels))
        return self._metrics[figure]
