"""The dashboard as a picture, drawn from what Prometheus answers to its own queries.

`python -m tests.deploy.observability.picture docs/dashboard.png` serves the reference models with little to do,
then with more than a small server takes, then with little again, and draws these minutes.
"""

import math
import os
import re
import sys
import tempfile
import time
from itertools import accumulate, cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
import numpy as np

from speechtrt.audio import read_audio
from speechtrt.deploy.observability.dashboard import COLUMNS, MATCHERS, PANELS, Panel
from speechtrt.deploy.observability.signal import GPU_LOAD, GPU_MEMORY
from speechtrt.deploy.router.backend import Server
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.runtime.reference import CTC, VOICE, reference_engines
from tests.deploy.observability.scraped import load, prometheus
from tests.deploy.router.fleet import Replica, free_ports, running

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEP = 1
RATE = 24_000
PACKET_SECONDS = 0.2
PACKET_BYTES = round(RATE * PACKET_SECONDS) * 2
SETTINGS = "speech_slots = 2\nstream_slots = 32\n[limits]\nqueue = 2\n"
COLOURS = ("#0072b2", "#d55e00")  # of Okabe and Ito, which readers with colour blindness can tell apart
ON_GPUS = {GPU_LOAD, GPU_MEMORY}


class Phase(NamedTuple):
    """Some minutes of one load. Streams come at the pace of speech, or so many times as fast."""

    name: str
    seconds: float
    speakers: int
    listeners: int
    speed: float


PHASES = (Phase("calm", 60, 1, 4, 1), Phase("too much", 90, 8, 16, 6), Phase("calm again", 150, 1, 4, 1))


def draw(url: str, path: Path, seconds: float, phases: tuple[Phase, ...] = ()) -> None:
    """The last `seconds` of every panel."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = -(-len(PANELS) // COLUMNS)
    figure, axes = pyplot.subplots(rows, COLUMNS, figsize=(14, 2.6 * rows), layout="constrained", sharex=True)
    end = time.time()
    for panel, place in zip(PANELS, axes.flat, strict=True):
        _draw(place, panel, url, end - seconds, end)
        _shade(place, phases)
    for place in axes[-1]:
        place.set_xlabel("seconds", fontsize=9)
    if phases:
        figure.suptitle(_caption(phases), fontsize=10, x=0.005, ha="left")
    figure.savefig(path, dpi=100)
    pyplot.close(figure)


def _draw(axes: "Axes", panel: Panel, url: str, start: float, end: float) -> None:
    for signal, colour in zip(panel.signals, cycle(COLOURS)):
        query = re.sub(r"\$\w+", ".*", signal.query(MATCHERS))
        for series in _series(url, query, start, end):
            moments, values = zip(*((when - start, float(value)) for when, value in series["values"]), strict=True)
            axes.plot(moments, values, color=colour, linewidth=1.6, label=signal.title)
    _dress(axes, panel, end - start)


def _dress(axes: "Axes", panel: Panel, seconds: float) -> None:
    """Titles, units and what stands for nothing."""
    from matplotlib.ticker import EngFormatter, MaxNLocator, PercentFormatter

    axes.set_title(panel.title, fontsize=11, loc="left", fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#dddddd", linewidth=0.8)
    axes.tick_params(labelsize=9)
    axes.set_xlim(0, seconds)
    values = [value for line in axes.lines for value in np.asarray(line.get_ydata(), float) if math.isfinite(value)]
    top = max(values, default=0.0) or 1.0
    axes.set_ylim(-0.04 * top, 1.35 * top)  # with room for the legend
    match panel.signals[0].unit:
        case "s":
            axes.yaxis.set_major_formatter(EngFormatter("s"))
        case "percentunit":
            axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0 if top > 0.05 else 2))
        case _ if all(value.is_integer() for value in values):
            axes.yaxis.set_major_locator(MaxNLocator(4, integer=True))
    if axes.lines and [line.get_label() for line in axes.lines] != [panel.title]:
        axes.legend(fontsize=8, loc="upper left", frameon=False)
    if not axes.lines:
        why = "no GPU in this machine" if ON_GPUS.issuperset(panel.signals) else "no data"
        axes.text(0.5, 0.5, why, ha="center", fontsize=10, color="#666666", transform=axes.transAxes)
        axes.set_yticks([])


def _shade(axes: "Axes", phases: tuple[Phase, ...]) -> None:
    """Every other phase in grey."""
    ends = list(accumulate(phase.seconds for phase in phases))
    for number in range(1, len(phases), 2):
        axes.axvspan(ends[number - 1], ends[number], color="#f2efe6", zorder=0)


def _caption(phases: tuple[Phase, ...]) -> str:
    """What was asked of the server."""
    loads = "; ".join(
        f"{phase.name}: texts at once {phase.speakers}, live streams {phase.listeners} at {phase.speed:g}x"
        for phase in phases
    )
    return f"One server of the reference models on {os.cpu_count()} CPU cores that it shares with its clients.\n{loads}"


def _series(url: str, query: str, start: float, end: float) -> list[dict[str, Any]]:
    span = {"query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": str(STEP)}
    answer = httpx.get(f"{url}/api/v1/query_range", params=span, trust_env=False).json()
    found: list[dict[str, Any]] = answer["data"]["result"]
    return found


def speech() -> list[bytes]:
    """A recording with a pause after it, in packets of a live session."""
    audio = read_audio(evaluation_utterances()[0].path).resampled(RATE)
    samples = np.concatenate([audio.samples, np.zeros(RATE, np.float32)])
    data = (samples * 32767).astype("<i2").tobytes()
    return [data[start : start + PACKET_BYTES] for start in range(0, len(data), PACKET_BYTES)]


def main(path: Path) -> None:
    """Serve the reference models, load them and draw."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "serve.toml").write_text(SETTINGS)
        engines = [str(part) for model in (VOICE, CTC) for part in ("--engines", reference_engines(model))]
        arguments = [*engines, "--config", str(folder / "serve.toml")]
        server = Replica(Server("a", "127.0.0.1", *free_ports(2)), arguments, folder / "log")
        with running(server), prometheus(folder / "pack", f"127.0.0.1:{server.port}") as url:
            start = time.monotonic()
            for phase in PHASES:
                pause = PACKET_SECONDS / phase.speed
                load(server, phase.seconds, VOICE, speech(), phase.speakers, phase.listeners, pause)
            draw(url, path, time.monotonic() - start, PHASES)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
