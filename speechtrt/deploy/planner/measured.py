"""What benchmark documents say of one server: how long a step takes, and how fast it speaks."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from speechtrt.errors import DeployError

LEAST_LOADS = 2
NEAR = 1.5
PURPOSES = ("fixed", "confirm", "search")  # of runs that were not meant to be too much


@dataclass(frozen=True, slots=True)
class StepCost:
    """A worker's time for a batch of live streams is `fixed` + `row` * rows seconds, for at most `batch` rows.

    Single batches differ from that line by `jitter`, the standard deviation of their ratio to it.
    """

    fixed: float
    row: float
    batch: int
    workers: int
    chunk_seconds: float
    jitter: float = 0.0

    def seconds(self, rows: float) -> float:
        """Time of a batch on the line."""
        return self.fixed + self.row * rows

    def drawn(self, rows: int, chance: random.Random) -> float:
        """Time of one batch, as chance has it: gamma distributed around the line."""
        usual = self.seconds(rows)
        return usual * chance.gammavariate(self.jitter**-2, self.jitter**2) if self.jitter else usual

    def slowed(self, ratio: float) -> "StepCost":
        """The same work where every step takes `ratio` times as long."""
        return replace(self, fixed=self.fixed * ratio, row=self.row * ratio)


@dataclass(frozen=True, slots=True)
class SpeechCost:
    """A text alone takes `single` seconds; all together are spoken at `rate` texts a second, `slots` at a time."""

    single: float
    rate: float
    slots: int


@dataclass(frozen=True, slots=True)
class _Load:
    workers: int = 1
    slots: int = 1
    optimised: str = ""


@dataclass(frozen=True, slots=True)
class _Spread:
    p95: float = 0.0


@dataclass(frozen=True, slots=True)
class _Trial:
    side: str
    chunk_milliseconds: int = 0
    streams: int = 0
    rows_per_batch: float = 0.0
    batch_fill: float = 0.0
    sent_seconds: float = 0.0
    purpose: str = ""
    stage_seconds: dict[str, float] = field(default_factory=dict)
    chunk: _Spread = _Spread()


@dataclass(frozen=True, slots=True)
class Document:
    """As much of a benchmark's result as a plan needs."""

    kind: str
    environment: dict[str, object]
    load: _Load
    trials: tuple[_Trial, ...]
    summary: dict[str, object]
    valid: bool | list[str]

    @property
    def quotable(self) -> bool:
        """Whether the benchmark vouches for its numbers."""
        return self.valid is True


def read_result(path: Path) -> Document:
    """Parse a result of `speechtrt bench`. Raises DeployError."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Document)
    except (OSError, msgspec.MsgspecError) as error:
        raise DeployError(f"{path}: is no result of `speechtrt bench` ({error})") from error


def step_cost(document: Document, chunk: int | None = None) -> StepCost:
    """From every run that was not overloaded, of the largest chunk unless one is named. Raises DeployError."""
    found = [t for t in document.trials if t.purpose in PURPOSES and t.rows_per_batch]
    side = found[0].side if found else ""
    chunk = chunk or max((t.chunk_milliseconds for t in found), default=0)
    trials = [t for t in found if (t.side, t.chunk_milliseconds) == (side, chunk)]
    points = [(t.rows_per_batch, _step_seconds(t)) for t in trials]
    if len({t.streams for t in trials}) < LEAST_LOADS:
        raise DeployError(
            f"the streaming result has {len(points)} runs of {side or 'no side'} with {chunk} ms chunks; expected at "
            "least two with different numbers of streams: measure with `speechtrt bench stream`"
        )
    fixed, row = fitted(points)
    batch = max(round(t.rows_per_batch / t.batch_fill) for t in trials)
    return StepCost(fixed, row, batch, document.load.workers, chunk / 1000)


def latencies(document: Document, cost: StepCost, limit: float) -> list[tuple[int, float]]:
    """Streams, and the 95th percentile of their chunks' latency in seconds, where that was not far above `limit`.

    What falls behind is the later the longer a run lasts.
    """
    chunk, side = round(1000 * cost.chunk_seconds), next((t.side for t in document.trials), "")
    return [
        (trial.streams, trial.chunk.p95)
        for trial in document.trials
        if (trial.side, trial.chunk_milliseconds) == (side, chunk)
        and trial.purpose in PURPOSES
        and 0 < trial.chunk.p95 < NEAR * limit
    ]


def step_ratio(cost: StepCost, documents: Sequence[Document]) -> float:
    """How many times as long as `cost` says steps took on servers that worked side by side, at fixed loads.

    Raises DeployError.
    """
    chunk = round(1000 * cost.chunk_seconds)
    ratios = [
        _step_seconds(trial) / cost.seconds(trial.rows_per_batch)
        for document in documents
        for trial in document.trials
        if (trial.purpose, trial.chunk_milliseconds) == ("fixed", chunk) and trial.rows_per_batch
    ]
    if not ratios:
        raise DeployError(
            f"the replicas' results have no run of {chunk} ms chunks at a fixed number of streams; "
            "measure each replica with `speechtrt bench stream`"
        )
    return sum(ratios) / len(ratios)


def fitted(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The line through (rows, seconds) with the least squares of relative errors; what would be negative is zero.

    Absolute errors would let the longest steps decide what a step of one row takes. Rows that are all the same say
    nothing of a constant.
    """
    weights = [1 / seconds**2 for _, seconds in points]
    x, y = (
        sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights) for values in zip(*points, strict=True)
    )
    spread = sum(w * (rows - x) ** 2 for w, (rows, _) in zip(weights, points, strict=True))
    rising = sum(w * (rows - x) * (seconds - y) for w, (rows, seconds) in zip(weights, points, strict=True))
    row = max(0.0, rising / spread) if spread else y / x
    fixed = y - row * x
    return (fixed, row) if fixed > 0 else (0.0, y / x)


def _step_seconds(trial: _Trial) -> float:
    """Time of all stages per batch; as many rows ran as real time asks for."""
    batches = trial.sent_seconds / (trial.chunk_milliseconds / 1000) / trial.rows_per_batch
    return sum(trial.stage_seconds.values()) / batches


def speech_cost(document: Document) -> SpeechCost:
    """From a speech benchmark's optimised side. Raises DeployError."""
    side = document.load.optimised
    names = (f"{side}.single_latency_seconds_mean", f"{side}.utterances_per_second")
    single, rate = (document.summary.get(name) for name in names)
    if not (isinstance(single, float) and isinstance(rate, float)):
        raise DeployError(f"the speech result lacks {' or '.join(names)}; measure with `speechtrt bench tts`")
    return SpeechCost(single, rate, document.load.slots)
