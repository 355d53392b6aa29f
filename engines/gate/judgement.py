"""The gate: may this candidate be used in place of the reference precision?"""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.engine_set import GateRow
from speechtrt.engines.evaluation import Evaluation, answers
from speechtrt.engines.gate.comparison import RELATIVE_L2, compare_outputs
from speechtrt.engines.gate.limits import LIMITS, MOST_KERNEL_ERROR
from speechtrt.engines.gate.speed import time_pair
from speechtrt.engines.graph import Graph
from speechtrt.engines.quantize.saturation import kernel_error, weights_that_clip
from speechtrt.engines.scenario import Playlist, feeds_of, initial_states
from speechtrt.engines.session import StageSession
from speechtrt.precision import Precision

BUILDS = "builds"
TIME_RATIO = "time_ratio"
STAND_IN = "graph checked with ONNX Runtime; engine not executed: no GPU"


@dataclass(frozen=True, slots=True)
class Verdict:
    """The rows of one candidate."""

    rows: tuple[GateRow, ...]

    @property
    def passed(self) -> bool:
        """Whether every row passed."""
        return all(row.passed for row in self.rows)

    @property
    def inexact(self) -> bool:
        """Whether it computes the wrong numbers, which a search may mend, as opposed to none or too slowly."""
        return any(not row.passed and row.metric not in (BUILDS, TIME_RATIO) for row in self.rows)

    @property
    def error(self) -> float:
        """Relative L2 error of the stage; infinite where it is not finite or was not computed."""
        values = [row.value for row in self.rows if row.metric == RELATIVE_L2 and row.value is not None]
        return max(values, default=float("inf"))

    @property
    def reason(self) -> str:
        """The failed rows as one line."""
        failed = (row for row in self.rows if not row.passed)
        return ", ".join(row.note if row.metric == BUILDS else describe(row) for row in failed)


def describe(row: GateRow) -> str:
    """A row as figure and limit."""
    value = "not finite" if row.value is None else f"{row.value:.3g}"
    return f"{row.metric} {value} (limit {row.limit:g})"


def judge_numbers(model: bytes | Path, evaluation: Evaluation, precision: Precision, note: str = "") -> Verdict:
    """Play the recorded scenarios on `model` and compare with the reference answers."""
    found = answers(model, evaluation.playlist)
    rows = compare_outputs(evaluation.playlist.stage.name, evaluation.outputs, found, LIMITS[precision], note)
    return Verdict(tuple(rows))


def judge_kernels(graph: Graph, playlist: Playlist) -> Verdict:
    """The saturation check of a quantised graph."""
    name, scenario = playlist.stage.name, playlist.scenarios[0]
    clipping = weights_that_clip(graph)
    feeds = initial_states(playlist, scenario)
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


def judge_speed(candidate: bytes, reference: Path, playlist: Playlist, limit: float) -> Verdict:
    """CPU time of one run against the reference precision, on one thread."""
    stage = playlist.stage
    with StageSession(reference, stage.states) as slow, StageSession(candidate, stage.states) as fast:
        timing = time_pair(slow, fast, playlist)
    note = f"{timing.candidate_seconds * 1e3:.3g} ms against {timing.reference_seconds * 1e3:.3g} ms, one thread"
    return Verdict((GateRow(stage.name, TIME_RATIO, timing.ratio, limit, timing.ratio <= limit, note),))
