"""Which values activations take: the canonical graph is played once more with its extremes as extra outputs."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from onnx import helper

from speechtrt.engines.graph import Array, Graph
from speechtrt.engines.quantize.probe import Probe
from speechtrt.engines.scenario import Playlist
from speechtrt.errors import BuildError


@dataclass(frozen=True, slots=True)
class Range:
    """Smallest and largest recorded value of a tensor."""

    low: float
    high: float

    @property
    def largest(self) -> float:
        """Largest absolute value."""
        return max(abs(self.low), abs(self.high))


Measure = Callable[[Graph, Iterable[str], Playlist], dict[str, Range]]


def measure_ranges(canonical: Graph, tensors: Iterable[str], inputs: Playlist) -> dict[str, Range]:
    """Range of each tensor over all recorded scenarios. Raises BuildError for one that is not finite."""
    names = list(dict.fromkeys(tensors))
    if not names:
        return {}
    probe = Probe(canonical)
    for index, name in enumerate(names):
        for kind, reduce in (("low", "ReduceMin"), ("high", "ReduceMax")):
            extreme = f"range_{index}_{kind}"
            probe.add([helper.make_node(reduce, [name], [extreme], name=extreme, keepdims=0)], extreme)
    found = probe.play(inputs)
    return {name: _range(name, found[f"range_{i}_low"], found[f"range_{i}_high"]) for i, name in enumerate(names)}


def _range(name: str, lows: list[Array], highs: list[Array]) -> Range:
    """NaN in any run stays NaN here, where Python's own min and max would lose it."""
    span = Range(float(np.min(lows)), float(np.max(highs)))
    if not (np.isfinite(span.low) and np.isfinite(span.high)):
        raise BuildError(
            f"activation {name} takes values from {span.low} to {span.high} on the recorded inputs; "
            "check the checkpoint's weights for NaN and the calibration inputs"
        )
    return span
