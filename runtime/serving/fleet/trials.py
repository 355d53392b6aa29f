"""A candidate for a share of the requests: started and promoted by operators, given up by itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechtrt.runtime.policy.canary import Arm, Canary, CanaryRules, Latency
from speechtrt.runtime.serving.core.metrics import Outcome
from speechtrt.runtime.serving.core.ports import ModelCard
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.shelf import Shelf, Trial
from speechtrt.runtime.serving.fleet.chronicle import Act
from speechtrt.runtime.serving.fleet.swapper import Swapper

FAULTS = (Outcome.ERROR, Outcome.TIMEOUT)


@dataclass(slots=True)
class Trials:
    """At most one of a model at a time. It is told of every request by the metrics that it watches."""

    swapper: Swapper
    rules: CanaryRules

    async def start(self, name: str, path: Path, share: float) -> None:
        """Give the engine set at `path` a share of the new requests for `name`, once it has passed. Raises Refusal."""
        async with self.swapper.changing(name, path) as shelf:
            release = await self.swapper.prepared(shelf, path)
            if release is shelf.stable:
                raise Refusal(Reason.CONFLICT, f"{path}: serves every request already", code="served_already")
            shelf.forget(release)
            self.swapper.service.metrics.declare(release.card)
            shelf.trial = Trial(release, Canary(share, self.rules))
            self.swapper.chronicle.note(Act.TRIED, name, release.card.version, f"{share:.0%} of new requests, {path}")

    def promote(self, name: str) -> None:
        """Give every new request to the candidate. Raises Refusal when there is none."""
        shelf = self.swapper.service.catalogue.named(name)
        release, shelf.trial = _trial(shelf).release, None
        self.swapper.install(shelf, release, Act.PROMOTED)

    def roll_back(self, name: str, reason: str) -> None:
        """Give no more requests to the candidate; those in flight end on it. Raises Refusal when there is none."""
        shelf = self.swapper.service.catalogue.named(name)
        version = _trial(shelf).release.card.version
        if release := shelf.end_trial():
            self.swapper.retire(shelf, release)
        self.swapper.chronicle.note(Act.ROLLED_BACK, name, version, reason)

    def took(self, card: ModelCard, latency: Latency, seconds: float) -> None:
        """A request of either took so long."""
        shelf = self.swapper.service.catalogue.named(card.name)
        if shelf.trial and (arm := _arm(shelf, card)):
            shelf.trial.canary.observe(arm, latency, seconds)
            self._judge(shelf.name, shelf.trial)

    def ended(self, card: ModelCard, outcome: Outcome) -> None:
        """A request of either has ended."""
        shelf = self.swapper.service.catalogue.named(card.name)
        if shelf.trial and _arm(shelf, card) is Arm.CANDIDATE:
            shelf.trial.canary.end(outcome in FAULTS)
            self._judge(shelf.name, shelf.trial)

    def _judge(self, name: str, trial: Trial[Any]) -> None:
        if not trial.canary.due():
            return
        reason = trial.canary.breach()
        if trial.release.opened.model.gauges().tripped:
            reason = "its guard has tripped"
        if reason:
            self.roll_back(name, reason)


def _arm(shelf: Shelf[Any], card: ModelCard) -> Arm | None:
    """None for a request that an earlier set finishes."""
    if shelf.trial and card.version == shelf.trial.release.card.version:
        return Arm.CANDIDATE
    return Arm.STABLE if card.version == shelf.stable.card.version else None


def _trial(shelf: Shelf[Any]) -> Trial[Any]:
    if shelf.trial is None:
        raise Refusal(Reason.CONFLICT, f"no engine set of {shelf.name} is on trial", code="no_trial")
    return shelf.trial
