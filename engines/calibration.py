"""Inputs that were recorded while the reference model ran, one `.npz` per stage."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechtrt.bundle import BundleFolder
from speechtrt.engines.session import Feeds
from speechtrt.errors import ManifestError
from speechtrt.specs import StageSpec

GENERATED = frozenset({"frame", "position", "dropout"})  # the decoder loop makes these itself


@dataclass(frozen=True, slots=True)
class Recording:
    """Recorded inputs of one stage, in the order in which they occurred."""

    stage: str
    samples: tuple[Feeds, ...]

    def halves(self, streaming: bool) -> tuple["Recording", "Recording"]:
        """One part to calibrate on and another, unseen, to judge by: every other sample, or half of the rows.

        What is too small to divide serves as both.
        """
        rows = min(value.shape[0] for sample in self.samples for value in sample.values())
        if streaming and rows > 1:
            half = rows // 2
            return self._rows(slice(half)), self._rows(slice(half, None))
        if streaming or len(self.samples) == 1:
            return self, self
        return Recording(self.stage, self.samples[0::2]), Recording(self.stage, self.samples[1::2])

    def _rows(self, part: slice) -> "Recording":
        return Recording(self.stage, tuple({n: v[part] for n, v in sample.items()} for sample in self.samples))


def load_recording(bundle: BundleFolder, stage: StageSpec) -> Recording:
    """Read `calibration/<stage>.npz`, whose keys are `<index>/<input>`.

    Raises ManifestError when there is none, or when it lacks an input that no state provides.
    """
    path = bundle.manifest.calibration.get(stage.name)
    if path is None:
        raise ManifestError(
            f"bundle {bundle.manifest.name} has no calibration inputs for the stage {stage.name}; "
            "engines are gated on recorded inputs, so export it again"
        )
    samples = _read(bundle, path)
    needed = {t.name for t in stage.inputs} - {s.input for s in stage.states if s.output is not None}
    for index, sample in samples.items():
        missing = sorted(needed - GENERATED - set(sample))
        if missing:
            raise ManifestError(
                f"{bundle.path / path}: sample {index} lacks {', '.join(missing)}; "
                f"it must hold every input of the stage {stage.name}, so export the bundle again"
            )
        _check_shapes(bundle.path / path, stage, index, sample)
    return Recording(stage.name, tuple(samples[i] for i in sorted(samples)))


def _check_shapes(path: Path, stage: StageSpec, index: int, sample: Feeds) -> None:
    """Every recorded tensor has its stage's type and rank, and all agree on what a named dimension is."""
    sizes: dict[str, int] = {}
    for tensor in (t for t in stage.inputs if t.name in sample):
        value = sample[tensor.name]
        fits = value.ndim == len(tensor.shape) and value.dtype.name == tensor.dtype
        for dim, size in zip(tensor.shape, value.shape, strict=False):
            fits = fits and (sizes.setdefault(dim, size) if isinstance(dim, str) else dim) == size
        if not fits:
            raise ManifestError(
                f"{path}: sample {index} has {tensor.name} as {value.dtype} {list(value.shape)}, "
                f"the stage {stage.name} takes {tensor.dtype} {list(tensor.shape)}; export the bundle again"
            )


def _read(bundle: BundleFolder, path: str) -> dict[int, Feeds]:
    file = bundle.file(path)
    samples: dict[int, Feeds] = {}
    try:
        with np.load(file, allow_pickle=False) as archive:
            for key in archive.files:
                index, _, name = key.partition("/")
                samples.setdefault(int(index), {})[name] = archive[key]
    except (ValueError, OSError) as error:
        raise ManifestError(
            f"{file}: is not an archive of recorded inputs ({error}); its keys must be <index>/<input name>"
        ) from error
    if not samples:
        raise ManifestError(f"{file}: holds no recorded inputs; export the bundle again")
    return samples
