"""Export a checkpoint to a bundle, unless the bundle is already there."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.bundle import BundleFolder, Source, Task
from speechtrt.errors import CheckpointError
from speechtrt.export.checkpoint import Checkpoint, open_checkpoint
from speechtrt.export.current import current_bundle
from speechtrt.export.identity import exporter_identity


@dataclass(frozen=True, slots=True)
class ExportRequest:
    """What to export: a checkpoint folder or hub id, what it should do, and what to call it.

    `vocoder` and `voices` (name to `.npy` file) replace or extend those in the checkpoint's folder.
    """

    model: str
    task: Task
    name: str | None = None
    vocoder: str | None = None
    voices: Mapping[str, Path] = field(default_factory=dict)

    @property
    def bundle_name(self) -> str:
        """The name of the bundle: the given one, or the last part of the model's."""
        return self.name or re.sub(r"[^\w.-]", "-", Path(self.model).resolve().name)

    def open(self) -> Checkpoint:
        """Find the checkpoint. Raises CheckpointError."""
        return open_checkpoint(self.model, self.vocoder, self.voices)


def up_to_date(request: ExportRequest, out: Path) -> BundleFolder | None:
    """The bundle in `out` if exporting `request` would write it again; loads no model and no PyTorch.

    Raises CheckpointError when the checkpoint is missing.
    """
    return current_bundle(out, request.bundle_name, request.open().sha256())


def export_bundle(request: ExportRequest, out: Path) -> BundleFolder:
    """The bundle of `request` in the folder `out`, written if it is not up to date.

    Raises CheckpointError or ParityError, and then leaves `out` as it was.
    """
    checkpoint = request.open()
    sha256 = checkpoint.sha256()
    current = current_bundle(out, request.bundle_name, sha256)
    if current is not None:
        return current
    from speechtrt.export.bundle_writer import write_bundle
    from speechtrt.export.detection import detect

    family = detect(checkpoint)
    if family.task is not request.task:
        raise CheckpointError(
            f"{checkpoint.id}: is a {family.task} model ({family.architecture}); "
            f"export it with `speechtrt export {family.task}`"
        )
    source = Source(request.model, sha256)
    return write_bundle(family.load(checkpoint), family, source, request.bundle_name, exporter_identity(), out)
