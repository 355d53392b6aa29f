"""The dashboard as a picture, drawn from what Prometheus answers to its own queries.

`python -m tests.deploy.observability.picture docs/dashboard.png` loads the reference models for a minute
and draws that.
"""

import re
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import numpy as np

from speechtrt.audio import read_audio
from speechtrt.deploy.observability.dashboard import COLUMNS, MATCHERS, PANELS, Panel
from speechtrt.deploy.router.backend import Server
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.runtime.reference import CTC, VOICE, reference_engines
from tests.deploy.observability.scraped import SETTINGS, load, prometheus
from tests.deploy.router.fleet import Replica, free_ports, running

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SECONDS = 60
STEP = 1
RATE = 24_000
PACKET_BYTES = RATE // 5 * 2
UNITS = {"s": " [s]", "percentunit": " [share]"}


def draw(url: str, path: Path, seconds: float) -> None:
    """The last `seconds` of every panel."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = -(-len(PANELS) // COLUMNS)
    figure, axes = pyplot.subplots(rows, COLUMNS, figsize=(13, 2.3 * rows), layout="constrained")
    end = time.time()
    for panel, place in zip(PANELS, axes.flat, strict=True):
        _draw(place, panel, url, end - seconds, end)
    figure.savefig(path, dpi=90)
    pyplot.close(figure)


def _draw(axes: "Axes", panel: Panel, url: str, start: float, end: float) -> None:
    for signal in panel.signals:
        query = re.sub(r"\$\w+", ".*", signal.query(MATCHERS))
        for series in _series(url, query, start, end):
            moments, values = zip(*((when - start, float(value)) for when, value in series["values"]), strict=True)
            axes.plot(moments, values, label=signal.title)
    axes.set_title(f"{panel.title}{UNITS.get(panel.signals[0].unit, '')}", fontsize=9)
    axes.tick_params(labelsize=7)
    axes.set_xlim(0, end - start)
    axes.set_ylim(bottom=0)
    if axes.lines:
        axes.legend(fontsize=7)
    else:
        axes.text(0.5, 0.5, "no data", ha="center", transform=axes.transAxes)


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
    """Load the reference models and draw."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "serve.toml").write_text(SETTINGS)
        engines = [str(part) for model in (VOICE, CTC) for part in ("--engines", reference_engines(model))]
        arguments = [*engines, "--config", str(folder / "serve.toml")]
        server = Replica(Server("a", "127.0.0.1", *free_ports(2)), arguments, folder / "log")
        with (
            running(server),
            prometheus(folder / "pack", f"127.0.0.1:{server.port}") as url,
            ThreadPoolExecutor(1) as loading,
        ):
            loading.submit(load, server, SECONDS, VOICE, speech()).result()
            draw(url, path, SECONDS)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
