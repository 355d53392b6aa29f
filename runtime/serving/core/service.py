"""Everything a protocol needs to serve a request."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TypeVar

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.collector import ModelCollector
from speechtrt.runtime.serving.core.gpu import GpuCollector
from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.core.lateness import Lateness
from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.metrics import Metrics
from speechtrt.runtime.serving.core.ports import Model
from speechtrt.runtime.serving.core.refusal import Refusal, refusal_of
from speechtrt.runtime.serving.core.router import Router, Routing
from speechtrt.runtime.serving.core.tracing import Tracing

M = TypeVar("M", bound=Model)


@dataclass(slots=True)
class Service:
    """The models with their keys, limits and figures."""

    catalogue: Catalogue
    keyring: Keyring
    limits: Limits
    lifecycle: Lifecycle
    metrics: Metrics
    router: Router
    tracing: Tracing
    lateness: Lateness

    @classmethod
    def of(
        cls,
        catalogue: Catalogue,
        keyring: Keyring,
        limits: Limits,
        lifecycle: Lifecycle,
        routing: Routing | None = None,
        tracing: Tracing | None = None,
    ) -> "Service":
        """A service over opened models. Raises ConfigError when `routing` names one that is not among them."""
        metrics = Metrics()
        metrics.registry.register(ModelCollector(catalogue, lifecycle))
        metrics.registry.register(GpuCollector())
        for model in catalogue.models:
            metrics.declare(model.card)
        router = Router(catalogue, routing or Routing(), metrics.routed)
        lateness = Lateness(metrics.loop_lag.set)
        return cls(catalogue, keyring, limits, lifecycle, metrics, router, tracing or Tracing(), lateness)

    @property
    def in_flight(self) -> int:
        """Requests and sessions that have not ended."""
        return sum(release.door.active for shelf in self.catalogue.shelves for release in shelf.releases)

    def lagged(self, seconds: float) -> None:
        """The event loop was so late."""
        self.lateness.note(seconds, self.limits.late_seconds)

    def limit(self, limits: Limits) -> None:
        """Let other limits hold for what begins from now on."""
        self.limits = limits
        for shelf in self.catalogue.shelves:
            shelf.limit(limits)

    def refusal(self, model: Model) -> Refusal | None:
        """Why nobody may enter now, counted as a request for `model`; None when somebody may."""
        release = self.catalogue.shelf(model).stable
        try:
            self.lifecycle.expect_ready()
            self.lateness.expect_in_time(self.in_flight)
            release.expect_room()
        except Refusal as refusal:
            with suppress(Refusal), self.metrics.request(release.card):
                raise
            return refusal
        return None

    @contextmanager
    def admitted(self, model: M, key: str) -> Iterator[M]:
        """Serve one request of `key` within the block, by the version of `model` that it yields, which stays open.

        Errors of the library leave the block as Refusal.
        """
        release = self.catalogue.shelf(model).pick()
        with self.metrics.request(release.card), self.tracing.request(release.card):
            self.lifecycle.expect_ready()
            self.lateness.expect_in_time(self.in_flight)
            with release.held(key) as version:
                try:
                    yield version
                except SpeechTRTError as error:
                    raise refusal_of(error) from error
