"""The picture of a streaming result: latency over the number of streams, and how it is spread."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.stream.summary import grouped
from speechtrt.benchmarks.stream.trial import EDGES, StreamTrial

# Okabe and Ito's palette, which readers with colour blindness can tell apart.
LADDER = ("overload", "recovery")
COLORS = ("#009E73", "#0072B2", "#CC79A7", "#E69F00", "#D55E00", "#56B4E9")


def write_chart(path: Path, title: str, trials: Sequence[StreamTrial], slo: float) -> None:
    """Draw paced runs into a PNG file."""
    figure = Figure(figsize=(15, 4.4), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3)
    _latencies(left, trials, slo)
    _spread(middle, trials)
    _ladder(right, trials)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_bytes(path, buffer.getvalue())


def _latencies(axes: Axes, trials: Sequence[StreamTrial], slo: float) -> None:
    lines = dict.fromkeys((t.side, t.chunk_milliseconds) for t in trials if t.purpose not in LADDER)
    for (side, chunk), color in zip(lines, COLORS, strict=False):
        runs = [t for t in trials if (t.side, t.chunk_milliseconds) == (side, chunk)]
        runs = sorted((t for t in runs if t.purpose not in LADDER and t.chunk.count), key=lambda t: t.streams)
        p95 = [t.chunk.p95 * 1000 for t in runs]
        axes.plot([t.streams for t in runs], p95, ".-", color=color, label=f"{side}, {chunk} ms chunks")
    axes.axhline(slo * 1000, color="#999999", linestyle="--", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.set_xlabel("live streams")
    axes.set_ylabel("p95 chunk latency [ms]")
    axes.legend(frameon=False, fontsize=8)
    _plain(axes)


def _spread(axes: Axes, trials: Sequence[StreamTrial]) -> None:
    edges = [*(edge * 1000 for edge in EDGES), 2000]
    for (_, group), color in zip(grouped(trials, "confirm").items(), COLORS, strict=False):
        counts = np.sum([t.histogram for t in group], axis=0)
        label = f"{group[0].side}, {group[0].streams} streams, {group[0].chunk_milliseconds} ms chunks"
        axes.step(edges, np.cumsum(counts) / max(1, counts.sum()) * 100, where="pre", color=color, label=label)
    axes.set_xscale("log")
    axes.set_xlabel("chunk latency [ms]")
    axes.set_ylabel("chunks that came within it [%]")
    if axes.lines:
        axes.legend(frameon=False, fontsize=8)
    _plain(axes)


def _ladder(axes: Axes, trials: Sequence[StreamTrial]) -> None:
    """Where the overload ladder stood while too many spoke, and afterwards."""
    start = rung = 0.0
    for trial, color in zip((t for t in trials if t.purpose in LADDER), COLORS, strict=False):
        times, rungs = [start], [rung]
        for at, rung in (*trial.rungs, (trial.wall_seconds, trial.rung)):
            times.append(start + max(0.0, at))
            rungs.append(rung)
        axes.step(times, rungs, where="post", color=color, label=f"{trial.streams} streams")
        start = times[-1]
    axes.set_ylim(-0.2, 5.2)
    axes.set_xlabel("seconds")
    axes.set_ylabel("rung of the overload ladder")
    if axes.lines:
        axes.legend(frameon=False, fontsize=8)
    _plain(axes)


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
