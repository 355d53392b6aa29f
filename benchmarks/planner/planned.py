"""What `deploy plan` makes of one server's runs, asked as everybody asks it."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from speechtrt.benchmarks.environment import Environment
from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.result import Result
from speechtrt.benchmarks.planner.round import ALONE, TOGETHER, Round
from speechtrt.benchmarks.stream.load import StreamLoad
from speechtrt.benchmarks.stream.trial import StreamTrial
from speechtrt.documents import write_document
from speechtrt.errors import BenchmarkError

STREAMS = 1000  # whatever is asked for; what one server carries does not depend on it


@dataclass(frozen=True, slots=True)
class Agreement:
    """Streams of all servers: planned, planned as if each were alone, and measured."""

    planned: int
    planned_alone: int
    measured: int


@dataclass(frozen=True, slots=True)
class Planned:
    """`step_ratio` is how many times as long a step takes beside a neighbour."""

    agreement: Agreement
    step_ratio: float


@dataclass(frozen=True, slots=True)
class _Plan:
    step_ratio: float


@dataclass(frozen=True, slots=True)
class _Answer:
    plan: _Plan
    agreement: Agreement


def ask_planner(environment: Environment, load: StreamLoad, rounds: Sequence[Round]) -> Planned:
    """The plan made of the runs alone, and of how much longer steps took in the fixed loads at once.

    Raises BenchmarkError.
    """
    with TemporaryDirectory(prefix="speechtrt-planner-") as folder:
        files = {
            name: _write(Path(folder, f"{name}.json"), environment, load, rounds, name) for name in (ALONE, *TOGETHER)
        }
        return _ask(files, load.slo_seconds)


def mean_streams(rounds: Sequence[Round], name: str) -> float:
    """Streams in time of one server, over the rounds."""
    return Distribution.of([one.streams(name) for one in rounds]).mean


def _write(path: Path, environment: Environment, load: StreamLoad, rounds: Sequence[Round], name: str) -> Path:
    """One server's runs as `bench stream` would have written them."""
    result: Result[StreamLoad, StreamTrial] = Result(
        kind="stream",
        environment=environment,
        load=load,
        trials=tuple(trial for one in rounds for trial in one.trials if trial.side == name),
        summary={f"chunk_{load.chunks[0]}.streams_at_slo": mean_streams(rounds, name)},
        valid=True,
    )
    write_document(path, result)
    return path


def _ask(files: Mapping[str, Path], slo_seconds: float) -> Planned:
    replicas = [part for name in TOGETHER for part in ("--replica", str(files[name]))]
    demand = ["--streams", str(STREAMS), "--headroom", "1", "--chunk-p95", str(slo_seconds), "--json"]
    command = [sys.executable, "-m", "speechtrt", "deploy", "plan", "--hardware", str(files[ALONE]), *replicas, *demand]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:  # a plan that is far off exits with 1, too
        raise BenchmarkError(f"no plan of what was measured: {done.stderr.strip()}; mend that first")
    answer = msgspec.json.decode(done.stdout, type=_Answer)
    return Planned(answer.agreement, answer.plan.step_ratio)
