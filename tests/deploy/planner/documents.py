"""Benchmark results of a made-up server whose costs are known."""

import json
from pathlib import Path
from typing import Any

ENVIRONMENT = {"cpu": "Test CPU", "cores": 2, "commit": "0" * 40, "modified": False, "memory_bytes": 1}


def stream_document(folder: Path, fixed: float = 0.004, row: float = 0.001, workers: int = 2, **changes: Any) -> Path:
    trials = [_trial(streams, rows, fixed + row * rows) for streams, rows in ((16, 2.0), (64, 6.0), (200, 12.0))]
    return _write(folder / "stream.json", "stream", {"workers": workers}, trials, {"streams_at_slo": 200}, changes)


def _trial(streams: int, rows: float, step: float) -> dict[str, Any]:
    batches = streams * 12 / 0.56 / rows
    return {
        "side": "ort-cpu-int8",
        "chunk_milliseconds": 560,
        "streams": streams,
        "purpose": "fixed",
        "rows_per_batch": rows,
        "batch_fill": rows / 16,
        "sent_seconds": streams * 12.0,
        "stage_seconds": {"encoder": 0.75 * step * batches, "decoding": 0.25 * step * batches},
    }


def speech_document(folder: Path, single: float = 0.1, rate: float = 40.0, slots: int = 8, **changes: Any) -> Path:
    summary = {"x.single_latency_seconds_mean": single, "x.utterances_per_second": rate}
    return _write(folder / "tts.json", "tts", {"optimised": "x", "slots": slots}, [], summary, changes)


def _write(
    path: Path, kind: str, load: dict[str, Any], trials: list[Any], summary: dict[str, float], changes: dict[str, Any]
) -> Path:
    document = {
        "schema": 1,
        "kind": kind,
        "environment": ENVIRONMENT,
        "load": load,
        "trials": trials,
        "summary": summary,
    }
    path.write_text(json.dumps({**document, "valid": True, **changes}))
    return path
