"""Recorded inputs of a stage, for those who quantise it: `calibration/<stage>.npz` with keys `<sample>/<input>`."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt

from speechtrt.export.families.base import Arrays, Recordings, Runner

FOLDER = "calibration"
BUDGET = 24 << 20  # bytes per stage before compression; caches are most of a sample


class Recorder:
    """A runner that remembers the inputs of some of its calls."""

    def __init__(self, runner: Runner, calls: Collection[int]) -> None:
        self.samples: list[Arrays] = []
        self._runner = runner
        self._wanted = set(calls)
        self._call = 0

    def __call__(self, inputs: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """Run once."""
        if self._call in self._wanted:
            self.samples.append({name: np.array(value) for name, value in inputs.items()})
        self._call += 1
        return self._runner(inputs)


def evenly(calls: int, count: int) -> list[int]:
    """At most `count` indices spread over `calls`, the first and the last among them."""
    return sorted({round(index) for index in np.linspace(0, calls - 1, min(count, calls))})


def rows_within(budget: int, samples: int, bytes_per_row: int, most: int) -> int:
    """How many rows `samples` samples may have so that all together stay within `budget`; at least one."""
    return max(1, min(most, budget // max(1, samples * bytes_per_row)))


def write_calibration(recordings: Recordings, folder: Path) -> dict[str, str]:
    """Write one file per stage; returns stage -> path relative to `folder`."""
    (folder / FOLDER).mkdir()
    paths = {stage: f"{FOLDER}/{stage}.npz" for stage in recordings}
    for stage, samples in recordings.items():
        arrays = {f"{index}/{name}": value for index, sample in enumerate(samples) for name, value in sample.items()}
        np.savez_compressed(folder / paths[stage], **arrays)  # type: ignore[arg-type]
    return paths
