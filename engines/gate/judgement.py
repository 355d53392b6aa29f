"""The gate: may this candidate be used in place of the reference precision?"""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.engine_set import GateRow
from speechtrt.engines.evaluation import Evaluation, answers
from speechtrt.engines.gate.comparison import compare_outputs
from speechtrt.engines.gate.limits import LIMITS, MOST_KERNEL_ERROR
from speechtrt.engines.gate.speed import time_pair
from speechtrt.engines.graph import Graph
from speechtrt.engines.quantize.saturation import kernel_error, weights_that_clip
from speechtrt.engines.scenario import feeds_of, initial_states
from speechtrt.engines.session import StageSession
from speechtrt.precision import Precision

STAND_IN = "graph checked with ONNX Runtime; engine not executed: no RTX GPU"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The rows of one candidate."""

    rows: tuple[GateRow, ...]

    @property
    def passed(self) -> bool:
        """Whether every row passed."""
        return all(row.passed for row in self.rows)

    @property
    def reason(self) -> str:
        """The failed rows as one line."""
        return ", ".join(describe(row) for row in self.rows if not row.passed)


def describe(row: GateRow) -> str:
    """A row as figure and limit."""
    value = "not finite" if row.value is None else f"{row.value:.3g}"
    return f"{row.metric} {value} (limit {row.limit:g})"


def judge_numbers(model: bytes | Path, evaluation: Evaluation, precision: Precision, note: str = "") -> Verdict:
    """Play the recorded scenarios on `model` and compare with the reference answers."""
    found = answers(model, evaluation.stage, evaluation.scenarios, evaluation.max_len)
    rows = compare_outputs(evaluation.stage.name, evaluation.outputs, found, LIMITS[precision], note)
    return Verdict(tuple(rows))


def judge_kernels(graph: Graph, evaluation: Evaluation) -> Verdict:
    """The saturation check of a dynamically quantised graph."""
    name = evaluation.stage.name
    clipping = weights_that_clip(graph)
    scenario = evaluation.scenarios[0]
    feeds = initial_states(evaluation.stage, scenario, evaluation.max_len)
    feeds |= feeds_of(scenario, scenario.steps[0], None)
    error = kernel_error(graph, feeds)
    return Verdict(
        (
            GateRow(name, "clipping_weights", float(len(clipping)), 0.0, not clipping, ", ".join(clipping[:3])),
            GateRow(
                name, "kernel_error", error, MOST_KERNEL_ERROR, error <= MOST_KERNEL_ERROR, "against exact products"
            ),
        )
    )


def judge_speed(candidate: bytes, reference: Path, evaluation: Evaluation, limit: float) -> Verdict:
    """CPU time of one run against the reference precision, on one thread."""
    stage, scenario = evaluation.stage, evaluation.scenarios[0]
    with StageSession(reference, stage.states) as slow, StageSession(candidate, stage.states) as fast:
        timing = time_pair(slow, fast, stage, scenario, evaluation.max_len)
    note = f"{timing.candidate_seconds * 1e3:.3g} ms against {timing.reference_seconds * 1e3:.3g} ms, one thread"
    return Verdict((GateRow(stage.name, "time_ratio", timing.ratio, limit, timing.ratio <= limit, note),))
