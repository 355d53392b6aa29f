"""`export ctc --layout nemo`: one file per chunk size and `tokens.txt`, which run unmodified in sherpa-onnx."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import FileEntry, list_files, staged_folder, verify_file
from speechtrt.bundle import ParityRow, Source
from speechtrt.documents import SCHEMA, read_document, write_document
from speechtrt.errors import IntegrityError, ManifestError
from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.identity import exporter_identity
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.export.nemo.tokens import TOKENS_FILE

LAYOUT_FILE = "layout.json"
OPSET = 18  # the oldest that the exporter writes: these files are for other programs


@dataclass(frozen=True, slots=True)
class NemoFile:
    """One chunk size: its file, its length, and what its metadata says."""

    file: str
    milliseconds: int
    metadata: NemoMetadata


@dataclass(frozen=True, slots=True)
class NemoLayout:
    """The manifest of the folder (`layout.json`)."""

    source: Source
    files: tuple[FileEntry, ...]
    models: tuple[NemoFile, ...]
    tokens: str
    parity: tuple[ParityRow, ...]
    exporter: dict[str, str]
    schema: int = SCHEMA


def export_nemo_layout(model: str, out: Path) -> NemoLayout:
    """Write the streaming CTC checkpoint `model` into the folder `out` in NeMo's layout, unless it is there.

    Raises CheckpointError or ParityError, and then leaves `out` as it was.
    """
    checkpoint = open_checkpoint(model)
    source = Source(model, checkpoint.sha256())
    current = _current(source, out)
    if current is not None:
        return current
    from speechtrt.export.detection import detect
    from speechtrt.export.nemo.layout_writer import write_layout

    loaded = detect(checkpoint).load(checkpoint)
    with staged_folder(out) as folder:
        models, parity = write_layout(loaded, checkpoint.id, folder)
        files = list_files(folder, LAYOUT_FILE)
        layout = NemoLayout(source, files, models, TOKENS_FILE, parity, exporter_identity())
        write_document(folder / LAYOUT_FILE, layout)
    return layout


def _current(source: Source, out: Path) -> NemoLayout | None:
    try:
        layout = read_document(out / LAYOUT_FILE, NemoLayout)
        for entry in layout.files:
            verify_file(out, entry)
    except (ManifestError, IntegrityError):
        return None
    same = (layout.source.sha256, layout.exporter) == (source.sha256, exporter_identity())
    return layout if same else None
