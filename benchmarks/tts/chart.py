"""The picture of a text-to-speech result: what each rung bought, and where the time goes."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.tts.ladder import Rung
from speechtrt.benchmarks.tts.side_numbers import Numbers
from speechtrt.benchmarks.tts.trial import BASELINE, UNCACHED

STAGES = ("text", "dropout", "encoder", "decoder", "postnet", "vocoder", "scheduler", "other")
# Okabe and Ito's palette, which readers with colour blindness can tell apart.
STAGE_COLORS = ("#56B4E9", "#CC79A7", "#E69F00", "#0072B2", "#F0E442", "#D55E00", "#009E73", "#999999")
PYTORCH, ENGINES = "#999999", "#009E73"
QUANTILES = (("p50", "o"), ("p95", "D"))


def write_chart(path: Path, title: str, rungs: Sequence[Rung], summary: Numbers) -> None:
    """Draw `summary` of the rungs into a PNG file."""
    figure = Figure(figsize=(14, 4.8), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3, width_ratios=(5, 4, 6))
    _throughput(left, rungs, summary)
    _latency(middle, rungs, summary)
    _stages(right, rungs, summary)
    figure.suptitle(title, fontsize=11, fontweight="bold")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    write_bytes(path, buffer.getvalue())


def _throughput(axes: Axes, rungs: Sequence[Rung], summary: Numbers) -> None:
    rates = [summary[f"{rung.side}.audio_seconds_per_second"] for rung in rungs]
    colors = [PYTORCH if rung.side in (BASELINE, UNCACHED) else ENGINES for rung in rungs]
    rows = _rows(axes, rungs)
    bars = axes.barh(rows, rates, 0.6, color=colors)
    axes.bar_label(bars, [f" {rate:.3g}" for rate in rates], fontsize=8)
    axes.set_xscale("log")
    axes.margins(x=0.15)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("audio seconds per second, queued load")
    axes.set_yticks(rows, [rung.adds for rung in rungs], fontsize=8)
    _plain(axes)


def _latency(axes: Axes, rungs: Sequence[Rung], summary: Numbers) -> None:
    rows = _rows(axes, rungs)
    for field, marker in QUANTILES:
        for number, (label, color) in (
            ("latency_seconds", ("queued", "#0072B2")),
            ("single_latency_seconds", ("alone", "#D55E00")),
        ):
            values = [summary.get(f"{rung.side}.{number}_{field}", np.nan) for rung in rungs]
            axes.plot(values, rows, marker, color=color, markersize=5, label=f"{label}, {field}")
    axes.set_xscale("log")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("latency [s]")
    axes.set_yticks(rows, [""] * len(rungs))
    axes.legend(frameon=False, fontsize=7, loc="upper center", bbox_to_anchor=(0.5, 1.12), ncols=4, columnspacing=0.8)
    _plain(axes)


def _stages(axes: Axes, rungs: Sequence[Rung], summary: Numbers) -> None:
    """Seconds of each stage for a second of audio; stages that overlap stand beside each other all the same."""
    rows = _rows(axes, rungs)
    starts = np.zeros(len(rungs))
    audio = np.array([summary[f"{rung.side}.audio_seconds"] for rung in rungs])
    for stage, color in zip(STAGES, STAGE_COLORS, strict=True):
        widths = np.array([summary.get(f"{rung.side}.{stage}_seconds", 0.0) for rung in rungs]) / audio
        axes.barh(rows, widths, 0.6, left=starts, label=stage, color=color)
        starts += widths
    for row, rung, end in zip(rows, rungs, starts, strict=True):
        idle = summary.get(f"{rung.side}.idle_share")
        axes.text(end, row, "" if idle is None else f" {idle:.0%} idle", va="center", fontsize=7)
    cached = [end for rung, end in zip(rungs, starts, strict=True) if rung.side != UNCACHED]
    axes.set_xlim(0, 1.25 * max(cached))
    axes.set_xlabel("seconds of work per second of audio, by stage; bars may be cut")
    axes.set_yticks(rows, [""] * len(rungs))
    axes.legend(
        frameon=False, fontsize=7, ncols=len(STAGES), loc="upper center", bbox_to_anchor=(0.5, 1.12), columnspacing=0.8
    )
    _plain(axes)


def _rows(axes: Axes, rungs: Sequence[Rung]) -> list[int]:
    axes.set_ylim(-0.6, len(rungs) - 0.4)
    return list(range(len(rungs)))[::-1]


def _plain(axes: Axes) -> None:
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
