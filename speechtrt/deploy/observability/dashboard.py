"""A Grafana dashboard of every signal, by pool."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from speechtrt.deploy.observability.signal import (
    BATCH_FILL,
    CHUNK_P50,
    CHUNK_P95,
    DROPPED_AUDIO,
    DROPS,
    ERRORS,
    FIRST_AUDIO_P50,
    FIRST_AUDIO_P95,
    GPU_LOAD,
    GPU_MEMORY,
    GUARD,
    OCCUPANCY,
    QUEUE,
    READY,
    RTF,
    RUNG,
    Signal,
)
from speechtrt.deploy.yaml_file import Document

WIDTH, HEIGHT, COLUMNS = 8, 7, 3
SOURCE = {"type": "prometheus", "uid": "${source}"}
MATCHERS = 'namespace=~"$namespace", pool=~"$pool"'


@dataclass(frozen=True, slots=True)
class Panel:
    """Signals of one unit in one picture."""

    title: str
    signals: tuple[Signal, ...]


PANELS = (
    Panel("Chunk latency", (CHUNK_P50, CHUNK_P95)),
    Panel("Time to first audio", (FIRST_AUDIO_P50, FIRST_AUDIO_P95)),
    Panel("Real-time factor", (RTF,)),
    Panel("Batch fill", (BATCH_FILL,)),
    Panel("Slots in use", (OCCUPANCY,)),
    Panel("Queue depth", (QUEUE,)),
    Panel("Refused, failed", (DROPS, ERRORS)),
    Panel("Audio left unheard", (DROPPED_AUDIO,)),
    Panel("Overload rung", (RUNG,)),
    Panel("Guards tripped", (GUARD,)),
    Panel("GPU memory, GPU in use", (GPU_MEMORY, GPU_LOAD)),
    Panel("Servers ready", (READY,)),
)


def dashboard() -> bytes:
    """JSON, the same bytes every time."""
    variables = [
        {"name": "source", "label": "Prometheus", "type": "datasource", "query": "prometheus"},
        _variable("namespace", "label_values(speechtrt_ready, namespace)"),
        _variable("pool", 'label_values(speechtrt_ready{namespace=~"$namespace"}, pool)'),
    ]
    document = {
        "uid": "speechtrt",
        "title": "speechtrt",
        "schemaVersion": 39,
        "editable": False,
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "15s",
        "templating": {"list": variables},
        "panels": [_panel(number, panel) for number, panel in enumerate(PANELS)],
    }
    return json.dumps(document, indent=2).encode() + b"\n"


def expressions() -> Iterator[str]:
    """Every query of every panel."""
    for panel in PANELS:
        for signal in panel.signals:
            yield signal.query(MATCHERS)


def _variable(name: str, query: str) -> Document:
    return {
        "name": name,
        "type": "query",
        "datasource": SOURCE,
        "query": query,
        "includeAll": True,
        "multi": True,
        "refresh": 2,
    }


def _panel(number: int, panel: Panel) -> Document:
    row, column = divmod(number, COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": panel.title,
        "datasource": SOURCE,
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "fieldConfig": {"defaults": {"unit": panel.signals[0].unit, "min": 0}, "overrides": []},
        "targets": [
            {
                "refId": "ABC"[index],
                "datasource": SOURCE,
                "expr": signal.query(MATCHERS),
                "legendFormat": f"{signal.title}, {{{{pool}}}}",
            }
            for index, signal in enumerate(panel.signals)
        ],
    }
