"""What lowering one group alone does to the outputs of its stage.

A group's own error says nothing of what follows: little of a sum may be all that a later difference leaves of it. Each
group costs a run, so that of many groups only the likely ones are tried.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from speechtrt.engines.evaluation import answers
from speechtrt.engines.fallback.group import Group
from speechtrt.engines.fallback.mixture import Mixture
from speechtrt.engines.gate.comparison import Outputs, measure_drift
from speechtrt.engines.gate.stand_in import stand_in
from speechtrt.engines.graph import Graph
from speechtrt.engines.scenario import DECODER_STEPS, Playlist

MOST_RUNS = 24


def rank_by_effect(mixture: Mixture, groups: Sequence[Group], inputs: Playlist) -> list[Group]:
    """`groups`, the worst first. Where the effect is not measured, it is guessed from the group's own error."""
    beginning = _beginning(inputs)
    everything = {node for group in groups for node in group.nodes}
    reference = _outputs(mixture.sparing(everything), beginning)
    measured = {
        group.place: _apart(reference, mixture.sparing(everything.difference(group.nodes)), beginning)
        for group in likely_groups(groups)
    }
    known = [replace(group, effect=measured.get(group.place)) for group in groups]
    gain = _usual_gain(known)
    return sorted(known, key=lambda group: group.error * gain if group.effect is None else group.effect, reverse=True)


def likely_groups(groups: Sequence[Group]) -> list[Group]:
    """At most MOST_RUNS: half of them those that err most, the others the first of the graph, which most nodes hear."""
    worst = sorted(groups, key=lambda group: -group.error)[: MOST_RUNS // 2]
    taken = {group.place for group in worst}
    first = sorted((group for group in groups if group.place not in taken), key=lambda group: group.place)
    return [*worst, *first[: MOST_RUNS - len(worst)]]


def _usual_gain(groups: Sequence[Group]) -> float:
    """Median of effect over own error."""
    known = [group.effect / group.error for group in groups if group.effect is not None and group.error > 0]
    finite = [gain for gain in known if np.isfinite(gain)]
    return float(np.median(finite)) if finite else 1.0


def _apart(reference: Outputs, graph: Graph, inputs: Playlist) -> float:
    """Relative L2 error of the worst output; infinite when it is not finite."""
    found = _outputs(graph, inputs)
    floats = [name for name, values in reference.items() if values[0].dtype.kind == "f"]
    worst = max((measure_drift(reference[name], found[name]).relative_l2 for name in floats), default=0.0)
    return worst if np.isfinite(worst) else float("inf")


def _outputs(graph: Graph, inputs: Playlist) -> Outputs:
    return answers(stand_in(graph).to_bytes(), inputs)


def _beginning(inputs: Playlist) -> Playlist:
    """Of the first scenario: enough to tell groups apart."""
    first = inputs.scenarios[0]
    return replace(inputs, scenarios=(replace(first, steps=first.steps[:DECODER_STEPS]),))
