"""Writes a bundle: exports, checks, records, and only then lets the folder appear."""

from pathlib import Path

from speechtrt.artifact import list_files, staged_folder
from speechtrt.bundle import BUNDLE_FILE, Bundle, BundleFolder, Source
from speechtrt.documents import write_document
from speechtrt.export.calibration import write_calibration
from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.families.base import Family, Model
from speechtrt.export.parity import require
from speechtrt.export.threads import single_thread
from speechtrt.export.to_onnx import export_stage


def write_bundle(
    model: Model, family: Family, source: Source, name: str, exporter: dict[str, str], out: Path
) -> BundleFolder:
    """Export `model` into the folder `out`. Raises ParityError or CheckpointError, and then leaves `out` as it was."""
    graphs = model.stages()
    with single_thread(), staged_folder(out) as folder:
        for graph in graphs:
            export_stage(graph, folder / graph.spec.file)
        runners = {graph.spec.name: CanonicalRunner(folder / graph.spec.file) for graph in graphs}
        parity = model.parity(runners)
        require(parity)
        calibration = write_calibration(model.calibration(runners), folder)
        model.write_assets(folder)
        about = model.describe()
        bundle = Bundle(
            name=name,
            family=family.name,
            task=family.task,
            source=source,
            audio=about.audio,
            text=about.text,
            limits=about.limits,
            stages=tuple(graph.spec for graph in graphs),
            parity=parity,
            exporter=exporter,
            files=list_files(folder, BUNDLE_FILE),
            tts=about.tts,
            ctc=about.ctc,
            voices=about.voices,
            calibration=calibration,
        )
        write_document(folder / BUNDLE_FILE, bundle)
    return BundleFolder.open(out)
