"""The picture of a text-to-speech result: latency by percentile, and where the time goes."""

import io
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.tts.summary import BASELINE, Numbers

STAGES = ("text", "encoder", "decoder", "postnet", "vocoder", "scheduler", "other")
# Okabe and Ito's palette, which readers with colour blindness can tell apart.
STAGE_COLORS = ("#56B4E9", "#E69F00", "#0072B2", "#F0E442", "#D55E00", "#009E73", "#999999")
SIDE_COLORS = ("#999999", "#009E73", "#CC79A7")
QUANTILES = ("mean", "p50", "p95", "p99")
BAR_WIDTH = 0.8


def write_chart(path: Path, title: str, sides: tuple[str, ...], summary: Numbers) -> None:
    """Draw `summary` of `sides` into a PNG file."""
    figure = Figure(figsize=(11, 4.4), dpi=160, layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(5, 6))
    _latency(left, sides, summary)
    _stages(right, sides, summary)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_bytes(path, buffer.getvalue())


def _latency(axes: Axes, sides: tuple[str, ...], summary: Numbers) -> None:
    places, width = np.arange(len(QUANTILES)), BAR_WIDTH / len(sides)
    for number, (side, color) in enumerate(zip(sides, SIDE_COLORS, strict=False)):
        heights = [summary[f"{side}.latency_seconds_{q}"] for q in QUANTILES]
        shift = (number - (len(sides) - 1) / 2) * width
        bars = axes.bar(places + shift, heights, width * 0.94, label=_label(side), color=color)
        axes.bar_label(bars, fmt=_short, fontsize=6.5, padding=1)
    axes.set_xticks(places, QUANTILES)
    axes.set_ylabel("latency under the queued load [s]")
    axes.margins(y=0.12)
    axes.legend(frameon=False, fontsize=8)
    _plain(axes, "y")


def _stages(axes: Axes, sides: tuple[str, ...], summary: Numbers) -> None:
    rows = np.arange(len(sides))[::-1]
    starts = np.zeros(len(sides))
    for stage, color in zip(STAGES, STAGE_COLORS, strict=True):
        widths = np.array([summary.get(f"{side}.{stage}_seconds", 0.0) for side in sides])
        axes.barh(rows, widths, 0.6, left=starts, label=stage, color=color)
        starts += widths
    for row, side, end in zip(rows, sides, starts, strict=True):
        ratio = summary.get(f"{side}.throughput_ratio")
        axes.text(end, row, f" {end:.3g} s" + (f" ({ratio:.1f}x rate)" if ratio else ""), va="center", fontsize=8)
    axes.set_yticks(rows, [_label(side) for side in sides])
    axes.set_xlabel("time for the whole load, by stage [s]")
    axes.set_xlim(right=1.28 * max(starts))
    axes.legend(
        frameon=False, fontsize=8, ncols=len(STAGES), loc="upper center", bbox_to_anchor=(0.45, 1.1), columnspacing=1
    )
    _plain(axes, "x")


def _short(seconds: float) -> str:
    return f"{seconds:.0f}" if seconds >= 10 else f"{seconds:.2g}"


def _label(side: str) -> str:
    return "PyTorch, one at a time" if side == BASELINE else f"{side}, batched"


def _plain(axes: Axes, grid: str) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x" if grid == "x" else "y", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
