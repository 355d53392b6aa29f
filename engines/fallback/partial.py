"""From a candidate that the gate refuses to one of which as much as possible is lowered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from speechtrt.engines.candidate import Candidate
from speechtrt.engines.fallback.effect import rank_by_effect
from speechtrt.engines.fallback.group import Group
from speechtrt.engines.fallback.mixture import make_mixture, spared_policy
from speechtrt.engines.fallback.search import search
from speechtrt.engines.graph import Graph
from speechtrt.engines.scenario import Playlist
from speechtrt.fallback import FallbackSearch
from speechtrt.precision import Precision

FOR_SPEECH = "spared: with it, the whole set fails the gate of speech quality"


@dataclass(frozen=True, slots=True)
class Partial:
    """The candidate that was found, or None, and how it was looked for."""

    candidate: Candidate | None
    record: FallbackSearch


def find_partial(
    candidate: Candidate,
    precision: Precision,
    safer: Precision,
    inputs: Playlist,
    judge: Callable[[Graph], str],
    refused: str,
) -> Partial:
    """Spare the groups that do most harm, as few as `judge` lets; it answers why it refuses a graph, or "".

    `inputs` are played to rank the groups. `refused` is what the gate said of the whole candidate.
    """
    assert candidate.full is not None
    mixture = make_mixture(candidate.full, candidate.graph, precision)
    groups = rank_by_effect(mixture, mixture.groups(inputs), inputs)
    records = [group.as_record() for group in groups]
    found = search(records, lambda count: judge(mixture.sparing(_nodes(groups[:count]))), refused)
    if found.spared is None:
        return Partial(None, found.record)
    worst = groups[: found.spared]
    graph = mixture.sparing(_nodes(worst))
    policy = spared_policy(candidate.policy, worst, candidate.full, safer, refused)
    return Partial(replace(candidate, graph=graph, policy=policy), found.record)


def spare(candidate: Candidate, precision: Precision, safer: Precision, nodes: Sequence[str]) -> Candidate:
    """The candidate, and what its remedies make of it, with `nodes` in the safer precision for the sake of speech."""
    if not nodes or candidate.full is None:
        return candidate
    policy = tuple(
        replace(row, precision=safer, reason=FOR_SPEECH) if row.node in nodes else row for row in candidate.policy
    )
    graph = make_mixture(candidate.full, candidate.graph, precision).sparing(nodes)
    remedies = tuple(remedy.then(lambda made: spare(made, precision, safer, nodes)) for remedy in candidate.remedies)
    return replace(candidate, graph=graph, policy=policy, remedies=remedies)


def _nodes(groups: Sequence[Group]) -> list[str]:
    return [node for group in groups for node in group.nodes]
