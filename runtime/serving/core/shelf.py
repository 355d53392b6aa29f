"""The engine sets of one model: the one that serves, one on trial, and those that finish what they began."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from speechtrt.runtime.policy.canary import Arm, Canary
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.ports import Model
from speechtrt.runtime.serving.core.release import Release

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True, eq=False)
class Trial(Generic[M]):
    """A release that serves a share of new requests, and how it does."""

    release: Release[M]
    canary: Canary


@dataclass(slots=True, eq=False)
class Shelf(Generic[M]):
    """`stable` serves new requests, but for the share of a trial; who holds a release keeps it to the end."""

    stable: Release[M]
    limits: Limits
    trial: Trial[M] | None = None
    retiring: list[Release[M]] = field(default_factory=list)
    _keys: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, opened: Opened[M], limits: Limits) -> "Shelf[M]":
        """A shelf with one release."""
        keys: Counter[str] = Counter()
        return cls(Release.of(opened, limits, keys), limits, _keys=keys)

    @property
    def name(self) -> str:
        """The model's."""
        return self.stable.card.name

    @property
    def releases(self) -> tuple[Release[M], ...]:
        """Everything that is open, the stable one first."""
        return self.stable, *((self.trial.release,) if self.trial else ()), *self.retiring

    def release(self, opened: Opened[M]) -> Release[M]:
        """A release that counts keys together with the others; it serves nobody yet."""
        return Release.of(opened, self.limits, self._keys)

    def limit(self, limits: Limits) -> None:
        """Other limits of a key, for every engine set."""
        self.limits = limits
        for release in self.releases:
            release.door.per_key = limits.per_key

    def pick(self) -> Release[M]:
        """The release for a new request; a candidate without a place leaves it to the stable one."""
        trial = self.trial
        if trial and trial.canary.choose() is Arm.CANDIDATE and not trial.release.door.full:
            return trial.release
        return self.stable

    def install(self, release: Release[M]) -> Release[M]:
        """Let `release` serve new requests from now on; the one before retires."""
        old, self.stable = self.stable, release
        self.retiring = [*(r for r in self.retiring if r is not release), old]
        return old

    def end_trial(self) -> Release[M] | None:
        """Give no more requests to the candidate, which retires; None when there is none."""
        if self.trial is None:
            return None
        release, self.trial = self.trial.release, None
        self.retiring.append(release)
        return release

    def forget(self, release: Release[M]) -> None:
        """A retired release is closed."""
        self.retiring = [r for r in self.retiring if r is not release]
