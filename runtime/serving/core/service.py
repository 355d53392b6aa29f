"""Everything a protocol needs to serve a request."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from speechtrt.errors import SpeechTRTError
from speechtrt.runtime.serving.core.admission import Admission
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.collector import ModelCollector
from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.metrics import Metrics
from speechtrt.runtime.serving.core.ports import ModelCard
from speechtrt.runtime.serving.core.refusal import refusal_of


@dataclass(frozen=True, slots=True)
class Service:
    """The models with their doors, keys, limits and figures."""

    catalogue: Catalogue
    admissions: Mapping[str, Admission]
    keyring: Keyring
    limits: Limits
    lifecycle: Lifecycle
    metrics: Metrics

    @classmethod
    def of(cls, catalogue: Catalogue, keyring: Keyring, limits: Limits, lifecycle: Lifecycle) -> "Service":
        """A service over opened models."""
        metrics = Metrics()
        metrics.registry.register(ModelCollector(catalogue, lifecycle))
        for card in catalogue.cards:
            metrics.declare(card)
        doors = {name: Admission(m.card.slots + limits.queue, limits.per_key) for name, m in catalogue.speakers.items()}
        doors |= {name: Admission(m.card.slots, limits.per_key) for name, m in catalogue.hearers.items()}
        return cls(catalogue, doors, keyring, limits, lifecycle, metrics)

    @property
    def in_flight(self) -> int:
        """Requests and sessions that have not ended."""
        return sum(door.active for door in self.admissions.values())

    @contextmanager
    def admitted(self, card: ModelCard, key: str) -> Iterator[None]:
        """Serve one request of `key` within the block; errors of the library leave it as Refusal."""
        with self.metrics.request(card):
            self.lifecycle.expect_ready()
            with self.admissions[card.name].enter(key):
                try:
                    yield
                except SpeechTRTError as error:
                    raise refusal_of(error) from error
