"""Which of several models hears a stream, and why."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from speechtrt.errors import BackendError


class Size(IntEnum):
    """Models in order of cost."""

    SMALL = 0
    MEDIUM = 1
    LARGE = 2


@dataclass(frozen=True, slots=True)
class Utterance:
    """What is known of a request before it is heard; None is unknown.

    `locale` is a BCP 47 tag the client gave; `accents` an accent classifier's probabilities by locale; `text` what a
    first pass heard, or the client expects; `latency_seconds` how long the client is ready to wait for a chunk.
    """

    locale: str | None = None
    accents: Mapping[str, float] = field(default_factory=dict)
    seconds: float | None = None
    text: str | None = None
    latency_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A model's size and the reason for it, for people and for counters."""

    size: Size
    reason: str


@dataclass(frozen=True, slots=True)
class RoutingPolicy:
    """Medium unless something asks for more or less; the first rule that holds decides.

    A latency budget and a busy machine come first, as they are promises; then what makes recognition hard.
    `hard` are locales whose speech the medium model hears badly, `keywords` the words of a domain it does not know.
    """

    available: frozenset[Size] = frozenset(Size)
    hard: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    accent_probability: float = 0.6
    long_seconds: float = 20.0
    strict_seconds: float = 0.150
    busy_load: float = 0.85

    def __post_init__(self) -> None:
        if not self.available:
            raise BackendError("routing was given no model; open at least one")

    def decide(self, utterance: Utterance, load: float = 0.0) -> Decision:
        """The model for an utterance while the machine is loaded by `load` (0 idle, 1 full)."""
        wanted = self._wanted(utterance, load)
        size = self._nearest(wanted.size)
        if size is wanted.size:
            return wanted
        return Decision(size, f"{wanted.reason}; no {wanted.size.name.lower()} model is open")

    def _wanted(self, utterance: Utterance, load: float) -> Decision:
        if utterance.latency_seconds is not None and utterance.latency_seconds < self.strict_seconds:
            return Decision(Size.SMALL, f"latency budget of {utterance.latency_seconds * 1000:.0f} ms")
        hard = self._hardship(utterance)
        if load >= self.busy_load:
            return Decision(Size.MEDIUM if hard else Size.SMALL, f"load of {load:.0%}" + (f", {hard}" if hard else ""))
        return Decision(Size.LARGE, hard) if hard else Decision(Size.MEDIUM, "nothing special")

    def _hardship(self, utterance: Utterance) -> str | None:
        """Why the utterance is hard, or None."""
        if utterance.locale is not None and _matches(utterance.locale, self.hard):
            return f"locale {utterance.locale}"
        likely = {accent: p for accent, p in utterance.accents.items() if _matches(accent, self.hard)}
        if sum(likely.values()) >= self.accent_probability:
            return f"accent {max(likely, key=lambda accent: likely[accent])} ({sum(likely.values()):.0%})"
        if utterance.seconds is not None and utterance.seconds > self.long_seconds:
            return f"{utterance.seconds:.0f} s long"
        found = sorted(self.keywords.intersection((utterance.text or "").lower().split()))
        return f"keyword {found[0]}" if found else None

    def _nearest(self, size: Size) -> Size:
        """The open model nearest to `size`, the larger one of two."""
        return min(self.available, key=lambda other: (abs(other - size), -other))


def _matches(locale: str, hard: frozenset[str]) -> bool:
    """Whether a locale or its language alone is among the hard ones; case and separators do not matter."""
    tag = locale.replace("_", "-").lower()
    known = {h.replace("_", "-").lower() for h in hard}
    return tag in known or tag.split("-")[0] in known
