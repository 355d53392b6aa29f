"""The runtime's routing policy replayed on what every model heard: what does choosing cost, and what does it save?

Groups that the policy treats as hard are chosen on one half of the utterances, and measured on the other.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from speechtrt.benchmarks.evaluation.scoring import Primary, Score, Scored
from speechtrt.benchmarks.statistics.error_rate import RateInterval, error_rate
from speechtrt.runtime.policy.routing import RoutingPolicy, Size, Utterance

BUSY, STRICT = 0.9, 0.05  # load, and seconds that a client waits for a chunk
BUDGETS = (1.0, 0.75, 0.5)  # of the costliest model's computing


@dataclass(frozen=True, slots=True)
class Replay:
    """A fixed model, or a policy: its error rate, computing seconds per second of audio, and who heard how much."""

    name: str
    rate: RateInterval
    cost: float
    shares: dict[str, float]
    front: bool = False


@dataclass(frozen=True, slots=True)
class Recommendation:
    """The best that stays within `budget` times the costliest model's computing; None where nothing does."""

    budget: float
    choice: str | None


@dataclass(frozen=True, slots=True)
class RoutingStudy:
    """All fixed models and policies, in the rate that counts first. `hard` groups are heard by the larger model."""

    primary: Primary
    hard: tuple[str, ...]
    replays: tuple[Replay, ...]

    @property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """One for each budget."""
        most = max(replay.cost for replay in self.replays)
        return tuple(Recommendation(budget, self._best(budget * most)) for budget in BUDGETS)

    def _best(self, cost: float) -> str | None:
        within = [replay for replay in self.replays if replay.cost <= cost]
        return min(within, key=lambda replay: (replay.rate.rate, replay.cost)).name if within else None


def study_routing(scored: Sequence[Scored], keywords: frozenset[str] = frozenset()) -> RoutingStudy | None:
    """Replay over models that differ in nothing else; None with fewer than two, or too few utterances to halve.

    `keywords`: utterances in which the smallest model heard one go to the largest, after that first pass.
    """
    models = _comparable(scored)
    if len(models) < 2 or len(models[0].scores) < 4:
        return None
    ranked = sorted(models, key=lambda one: one.real_time_factor)[: len(Size)]
    sizes = dict(zip(Size, ranked, strict=False))
    hard = _hard(sizes[Size(len(sizes) - 1)])
    kept = range(1, len(models[0].scores), 2)
    replays = [_fixed(one, kept) for one in ranked]
    replays += [_routed(case, sizes, kept) for case in _cases(RoutingPolicy(frozenset(sizes), hard, keywords))]
    return RoutingStudy(models[0].primary, tuple(sorted(hard)), tuple(_with_front(replays)))


def _comparable(scored: Sequence[Scored]) -> list[Scored]:
    """The first systems of the same engine, decoder and chunk, one for each model."""
    families: dict[tuple[str, ...], list[Scored]] = defaultdict(list)
    for one in scored:
        families[one.system.parts[1:]].append(one)
    return max(families.values(), key=len)


def _hard(largest: Scored) -> frozenset[str]:
    """Groups that the largest model hears worse than everything, in the first half."""
    half = largest.scores[::2]
    overall = error_rate([s.counted for s in half]).rate
    groups = dict.fromkeys(s.group for s in half)
    return frozenset(g for g in groups if error_rate([s.counted for s in half if s.group == g]).rate > overall)


@dataclass(frozen=True, slots=True)
class _Case:
    """A policy, the machine's load, the seconds a client waits for a chunk, and whether clients say their group.

    `first_pass`: the smallest model hears everything first, and the policy reads what it wrote.
    """

    name: str
    policy: RoutingPolicy
    load: float = 0.0
    wait: float | None = None
    hint: bool = True
    first_pass: bool = False


def _cases(policy: RoutingPolicy) -> tuple[_Case, ...]:
    keywords = _Case("routed, idle, keywords after a first pass", policy, first_pass=True)
    return (
        _Case("routed, idle, groups known", policy),
        _Case("routed, busy, groups known", policy, BUSY),
        _Case("routed, busy, groups unknown", policy, BUSY, hint=False),
        _Case(f"routed, {1000 * STRICT:.0f} ms budget", policy, wait=STRICT),
        *([keywords] if policy.keywords else []),
    )


def _fixed(one: Scored, kept: Sequence[int]) -> Replay:
    return _replay(one.system.model, [(one, one.scores[place]) for place in kept])


def _routed(case: _Case, sizes: dict[Size, Scored], kept: Sequence[int]) -> Replay:
    chosen = []
    for place in kept:
        known = sizes[Size.SMALL].scores[place]
        asked = Utterance(
            locale=known.group if case.hint else None,
            seconds=known.heard.audio_seconds,
            text=known.hypothesis if case.first_pass else None,
            latency_seconds=case.wait,
        )
        one = sizes[case.policy.decide(asked, case.load).size]
        chosen.append((one, one.scores[place]))
    return _replay(case.name, chosen, sizes[Size.SMALL].real_time_factor if case.first_pass else 0.0)


def _replay(name: str, chosen: Sequence[tuple[Scored, Score]], first_pass: float = 0.0) -> Replay:
    """`first_pass`: computing per second of audio before any is chosen."""
    seconds = sum(score.heard.audio_seconds for _, score in chosen)
    factors = {one.system.model: one.real_time_factor for one in {one.system: one for one, _ in chosen}.values()}
    spent = sum(factors[one.system.model] * score.heard.audio_seconds for one, score in chosen)
    models = Counter(one.system.model for one, _ in chosen)
    shares = {model: count / len(chosen) for model, count in models.items()}
    return Replay(name, error_rate([score.counted for _, score in chosen]), first_pass + spent / seconds, shares)


def _with_front(replays: Sequence[Replay]) -> Iterator[Replay]:
    """On the front is what nothing beats in both: fewer errors for no more computing."""
    for one in replays:
        beaten = any(
            (o.rate.rate, o.cost) != (one.rate.rate, one.cost) and o.rate.rate <= one.rate.rate and o.cost <= one.cost
            for o in replays
        )
        yield Replay(one.name, one.rate, one.cost, one.shares, not beaten)
