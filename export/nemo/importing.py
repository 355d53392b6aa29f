"""A public streaming CTC file in NeMo's layout becomes a bundle."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

import onnx
from onnx import ModelProto

from speechtrt.artifact import list_files, sha256_file, staged_folder
from speechtrt.bundle import BUNDLE_FILE, AudioSpec, Bundle, BundleFolder, CtcSpec, Limits, Source, Task, TextSpec
from speechtrt.documents import write_document
from speechtrt.errors import CheckpointError
from speechtrt.export.calibration import write_calibration
from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.current import current_bundle
from speechtrt.export.families.fastconformer_calibration import record_streams
from speechtrt.export.identity import exporter_identity
from speechtrt.export.nemo.checks import check_border, load_foreign
from speechtrt.export.nemo.foreign import Foreign
from speechtrt.export.nemo.front_end import HOP, RATE, chunk_of, graft
from speechtrt.export.nemo.import_parity import import_parity
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.export.nemo.tokens import TOKENS_FILE, read_tokens
from speechtrt.export.parity import require
from speechtrt.pieces import PIECES_FILE, PieceList

FAMILY = "nemo_ctc"


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The ONNX file, its `tokens.txt` (None: the one beside it), and the bundle's name (None: the file's)."""

    file: Path
    tokens: Path | None = None
    name: str | None = None

    @property
    def bundle_name(self) -> str:
        """What the bundle is called."""
        return self.name or self.file.stem

    @property
    def tokens_file(self) -> Path:
        """Where the texts of the labels are."""
        return self.tokens or self.file.parent / TOKENS_FILE

    def source(self) -> Source:
        """What the bundle is made from. Raises CheckpointError."""
        for path in (self.file, self.tokens_file):
            if not path.is_file():
                raise CheckpointError(f"{path}: no such file; expected an ONNX file with its {TOKENS_FILE} beside it")
        hashes = [sha256_file(path) for path in (self.file, self.tokens_file)]
        return Source(str(self.file), hashlib.sha256("".join(hashes).encode()).hexdigest())


def import_nemo_ctc(request: ImportRequest, out: Path) -> BundleFolder:
    """The bundle of a streaming CTC file, written to `out` unless it is there.

    Raises CheckpointError or ParityError, and then leaves `out` as it was.
    """
    source = request.source()
    current = current_bundle(out, request.bundle_name, source.sha256)
    if current is not None:
        return current
    model = load_foreign(request.file)
    metadata = NemoMetadata.parse({entry.key: entry.value for entry in model.metadata_props}, request.file)
    foreign = Foreign(metadata, check_border(model, metadata, request.file), model)
    pieces = read_tokens(request.tokens_file, metadata.vocab_size)
    with staged_folder(out) as folder:
        write_document(folder / PIECES_FILE, PieceList(pieces))
        bundle = _write_stage(request, source, foreign, folder)
        write_document(folder / BUNDLE_FILE, bundle)
    return BundleFolder.open(out)


def _write_stage(request: ImportRequest, source: Source, foreign: Foreign, folder: Path) -> Bundle:
    """The stage with its features inside, compared with the file as it came."""
    metadata, config, chunk = foreign.metadata, foreign.config, chunk_of(foreign.metadata)
    stage = foreign.stage
    grafted = ModelProto()
    grafted.CopyFrom(foreign.model)
    graft(grafted, metadata, foreign.bins)
    onnx.save(grafted, str(folder / stage.file))
    runner = CanonicalRunner(folder / stage.file)
    parity = import_parity(foreign.runner(), foreign.border, runner, stage, chunk, metadata, config)
    require((parity,))
    calibration = write_calibration({stage.name: record_streams(runner, stage, chunk, config)}, folder)
    return Bundle(
        name=request.bundle_name,
        family=FAMILY,
        task=Task.CTC,
        source=source,
        audio=AudioSpec(RATE, HOP, foreign.bins),
        text=TextSpec(PIECES_FILE, ("en",), lower_case=False),
        limits=Limits(0, 0),
        stages=(stage,),
        parity=(parity,),
        exporter=exporter_identity(),
        files=list_files(folder, BUNDLE_FILE),
        ctc=CtcSpec(metadata.vocab_size, HOP * metadata.subsampling_factor / RATE, (chunk,)),
        calibration=calibration,
    )
