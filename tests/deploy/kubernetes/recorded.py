"""Forty minutes of a rollout, as Prometheus would have scraped it: old pods and new ones, and a shadow beside them."""

import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

MINUTES, STEP = 40, 15
DIALECTS = ("american", "indian")
BOUNDS = ("0.05", "0.5", "2", "+Inf")


@dataclass(frozen=True, slots=True)
class Release:
    """What happens in a minute: requests by outcome, latencies up to each bound, and misheard words of one dialect."""

    requests: Mapping[str, int]
    latencies: tuple[int, ...]
    tripped: int
    words: int
    misheard: int


GOOD = Release({"ok": 100, "shed": 0, "error": 0}, (97, 99, 100, 100), 0, 200, 20)
BAD = Release({"ok": 80, "shed": 10, "error": 10}, (10, 50, 100, 100), 1, 200, 40)
IDLE = Release({"ok": 0, "shed": 0, "error": 0}, (0, 0, 0, 0), 0, 0, 0)


def record(folder: Path, rollouts: Mapping[str, tuple[Release, Release]]) -> Path:
    """Prometheus' data of old and new pods, each rollout in the pool `cpu` of a namespace of its own."""
    lines = [
        line
        for namespace, (old, new) in rollouts.items()
        for name, release, track in (("old", old, "stable"), ("new", new, "canary"))
        for line in _series(f'namespace="{namespace}",pool="cpu"', name, track, release)
    ]
    page, data = folder / "recorded.om", folder / "data"
    page.write_text("".join(f"{line}\n" for line in (*lines, "# EOF")))
    command = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(page), str(data)]
    subprocess.run(command, check=True, capture_output=True)
    return data


def _series(of: str, name: str, track: str, release: Release) -> Iterator[str]:
    pods = f'{of},rollouts_pod_template_hash="{name}"'
    for outcome, count in release.requests.items():
        yield from _counted(f'speechtrt_requests_total{{{pods},outcome="{outcome}"}}', count)
    for family in ("asr_partial_latency", "tts_time_to_first_audio"):
        for bound, count in zip(BOUNDS, release.latencies, strict=True):
            yield from _counted(f'speechtrt_{family}_seconds_bucket{{{pods},le="{bound}"}}', count)
    yield from _samples(f"speechtrt_guard_tripped{{{pods}}}", release.tripped, 0)
    for dialect in DIALECTS:
        misheard = release.misheard if dialect == DIALECTS[-1] else release.words // 10
        labels = f'{of},track="{track}",dialect="{dialect}"'
        yield from _counted(f"speechtrt_shadow_words_total{{{labels}}}", release.words)
        yield from _counted(f"speechtrt_shadow_word_errors_total{{{labels}}}", misheard)


def _counted(series: str, a_minute: int) -> Iterator[str]:
    return _samples(series, 0, a_minute)


def _samples(series: str, start: float, a_minute: int) -> Iterator[str]:
    """Up to now; what is counted grows by so much in a minute."""
    end = int(time.time())
    for number in range(MINUTES * 60 // STEP):
        seconds = number * STEP
        yield f"{series} {start + a_minute * seconds / 60} {end - MINUTES * 60 + seconds}"
