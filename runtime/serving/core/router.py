"""Which model hears a stream whose client leaves that to the server, or whose model has too much to do."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from prometheus_client import Counter

from speechtrt.errors import ConfigError
from speechtrt.runtime.policy.overload import Rung
from speechtrt.runtime.policy.routing import RoutingPolicy, Size, Utterance
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.ports import Hearer

LOG = logging.getLogger("speechtrt.routing")
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Routing:
    """The names of the small, medium and large model. A stream for `auto`, or for no model, goes to one of them:

    to the large one if its language is among `hard` locales or it names a word of `keywords`, to the small one when the
    medium one's slots are nearly taken, else to the medium one.
    """

    small: str | None = None
    medium: str | None = None
    large: str | None = None
    hard: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()

    @property
    def models(self) -> dict[Size, str]:
        """Those that are named."""
        named = {Size.SMALL: self.small, Size.MEDIUM: self.medium, Size.LARGE: self.large}
        return {size: name for size, name in named.items() if name is not None}

    def expect_served(self, names: Collection[str]) -> None:
        """Raise ConfigError for a model that is not among the recognisers with these names."""
        if strange := [name for name in self.models.values() if name not in names]:
            known = ", ".join(names) or "none"
            raise ConfigError(f"routing: no engine set of the model {strange[0]!r} is served; expected one of {known}")


@dataclass(frozen=True, slots=True)
class Routed:
    """A model, and why it and not the one that was named; no reason when it is that one."""

    hearer: Hearer
    reason: str | None = None


@dataclass(slots=True)
class Router:
    """Decides once, when a stream begins."""

    catalogue: Catalogue
    routing: Routing
    counter: Counter
    _policy: RoutingPolicy | None = field(init=False)

    def __post_init__(self) -> None:
        """Raises ConfigError for a model that is not served."""
        models, routing = self.routing.models, self.routing
        routing.expect_served(tuple(self.catalogue.hearing))
        for name in models.values():
            self.counter.labels(name)
        self._policy = None
        if models:
            self._policy = RoutingPolicy(frozenset(models), frozenset(routing.hard), frozenset(routing.keywords))

    def route(self, name: str | None, utterance: Utterance) -> Routed:
        """The model for a stream of the model `name`. Raises Refusal for an unknown one."""
        routed = self._chosen(utterance) if name in (None, AUTO) else None
        routed = self._relieved(routed or Routed(self.catalogue.hearer(name)))
        if routed.reason:
            self.counter.labels(routed.hearer.card.name).inc()
            fields = {"model": routed.hearer.card.name, "reason": routed.reason}
            LOG.info("routed", extra={"fields": fields})
        return routed

    def may_serve(self, name: str, hearer: Hearer) -> bool:
        """Whether a client that names this model may be served by `hearer`. Raises Refusal for an unknown model."""
        routed = set(self.routing.models.values())
        if name == AUTO and routed:
            return True
        names = {self.catalogue.hearer(name).card.name, hearer.card.name}
        return len(names) == 1 or names <= routed

    def _chosen(self, utterance: Utterance) -> Routed | None:
        """None without models to choose from."""
        if self._policy is None:
            return None
        models = self.routing.models
        middle = self.catalogue.hearer(models.get(Size.MEDIUM) or next(iter(models.values())))
        decision = self._policy.decide(utterance, middle.gauges().active / middle.card.slots)
        return Routed(self.catalogue.hearer(models[decision.size]), decision.reason)

    def _relieved(self, routed: Routed) -> Routed:
        """The next smaller model, as long as one has climbed so high that new streams are none of its business."""
        for size in sorted(self.routing.models, reverse=True):
            smaller = self.routing.models.get(Size(size - 1)) if size else None
            if self.routing.models[size] == routed.hearer.card.name and smaller:
                rung = routed.hearer.gauges().rung
                if rung >= Rung.SMALLER_MODEL:
                    reason = f"{routed.hearer.card.name} is overloaded (rung {rung})"
                    routed = Routed(self.catalogue.hearer(smaller), reason)
        return routed
