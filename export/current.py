"""The bundle that is already there."""

from pathlib import Path

from speechtrt.bundle import BundleFolder
from speechtrt.errors import IntegrityError, ManifestError
from speechtrt.export.identity import exporter_identity


def current_bundle(out: Path, name: str, sha256: str) -> BundleFolder | None:
    """The bundle in `out`, if it is whole and this exporter wrote it under this name from a source of this hash."""
    try:
        folder = BundleFolder.open(out)
        folder.verify()
    except (ManifestError, IntegrityError):
        return None
    bundle = folder.manifest
    same = (bundle.name, bundle.source.sha256, bundle.exporter) == (name, sha256, exporter_identity())
    return folder if same else None
