"""What `export` writes and `build` reads: one folder that describes a model completely, without PyTorch."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from speechtrt.artifact import FileEntry, sha256_file
from speechtrt.documents import SCHEMA, read_document
from speechtrt.errors import ManifestError
from speechtrt.manifest_folder import ManifestFolder
from speechtrt.specs import StageSpec

BUNDLE_FILE = "bundle.json"


class Task(StrEnum):
    """What a model does."""

    TTS = "tts"
    CTC = "ctc"


@dataclass(frozen=True, slots=True)
class Source:
    """The checkpoint a bundle came from: its id or folder name, and the sha256 over its weights."""

    id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class AudioSpec:
    """Audio at the model's border: sample rate in Hz, hop in samples, number of mel bins."""

    sample_rate: int
    hop: int
    mels: int


@dataclass(frozen=True, slots=True)
class TextSpec:
    """How text becomes token ids: a sentencepiece model or a `pieces.json`, and what is done around it.

    `lower_case`: the model knows lower-case letters only. `eos`: id appended to every text, or None.
    """

    tokenizer: str
    languages: tuple[str, ...]
    lower_case: bool
    eos: int | None = None
    unknown: int | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Largest text in tokens, and largest output in mel frames (TTS)."""

    max_text: int
    max_frames: int


@dataclass(frozen=True, slots=True)
class Voice:
    """A named speaker embedding: a float32 `.npy` file of shape [dim]."""

    name: str
    file: str


@dataclass(frozen=True, slots=True)
class TtsSpec:
    """Constants of the decoder loop.

    `reduction`: frames per decoder step. Prenet dropout masks are [slots, prenet_layers, prenet_units] with values
    0 or 1/(1-dropout); transformers keeps a unit with probability `dropout`, which is the same thing at 0.5.
    Speech ends at a step whose stop probabilities sum to `stop_threshold` or more, and in any case after
    `max_ratio` * text tokens / reduction steps; not before `min_ratio` * text tokens / reduction.
    """

    reduction: int
    prenet_layers: int
    prenet_units: int
    dropout: float
    stop_threshold: float
    min_ratio: float
    max_ratio: float


@dataclass(frozen=True, slots=True)
class ChunkSpec:
    """One fixed chunk of a streaming encoder: `frames` encoder frames from a window of `window` samples.

    Windows advance by `shift` samples; the first one starts `lead` samples before the audio does.
    """

    stage: str
    milliseconds: int
    frames: int
    window: int
    shift: int
    lead: int


@dataclass(frozen=True, slots=True)
class RecordingSpec:
    """Samples of the shortest and of the longest recording that an offline encoder takes in one piece."""

    shortest: int
    longest: int


@dataclass(frozen=True, slots=True)
class CtcSpec:
    """Constants of CTC decoding: id of the blank, seconds per encoder frame, and what the encoder takes.

    A streaming model has chunk sizes, an offline one a `recording`.
    """

    blank: int
    frame_seconds: float
    chunks: tuple[ChunkSpec, ...]
    recording: RecordingSpec | None = None


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One comparison of an exported stage with PyTorch; `max_abs` must not exceed `tolerance`."""

    stage: str
    quantity: str
    max_abs: float
    tolerance: float

    @property
    def passed(self) -> bool:
        """Whether the stage may be used; a NaN does not pass."""
        return self.max_abs <= self.tolerance


@dataclass(frozen=True, slots=True)
class Bundle:
    """The manifest of a bundle folder (`bundle.json`). `calibration` maps a stage to its `.npz` of recorded inputs."""

    name: str
    family: str
    task: Task
    source: Source
    audio: AudioSpec
    text: TextSpec
    limits: Limits
    stages: tuple[StageSpec, ...]
    parity: tuple[ParityRow, ...]
    exporter: dict[str, str]
    files: tuple[FileEntry, ...]
    tts: TtsSpec | None = None
    ctc: CtcSpec | None = None
    voices: tuple[Voice, ...] = ()
    calibration: dict[str, str] = field(default_factory=dict)
    schema: int = SCHEMA

    def stage(self, name: str) -> StageSpec:
        """The stage called `name`. Raises ManifestError."""
        for stage in self.stages:
            if stage.name == name:
                return stage
        known = ", ".join(s.name for s in self.stages)
        raise ManifestError(f"bundle {self.name} has no stage {name!r}; it has {known}")

    def file(self, path: str) -> FileEntry:
        """The entry of a listed file. Raises ManifestError."""
        for entry in self.files:
            if entry.path == path:
                return entry
        raise ManifestError(f"bundle {self.name} does not list the file {path!r}; export it again")


@dataclass(frozen=True, slots=True)
class BundleFolder(ManifestFolder[Bundle]):
    """A bundle on disk: its folder, its parsed manifest, and the manifest's own sha256."""

    sha256: str

    @classmethod
    def open(cls, path: Path) -> "BundleFolder":
        """Parse `path`/bundle.json. Raises ManifestError. Files are checked when they are asked for."""
        document = path / BUNDLE_FILE
        if not document.is_file():
            raise ManifestError(f"{path}: is not a bundle (it has no {BUNDLE_FILE}); `speechtrt export` writes one")
        return cls(path, read_document(document, Bundle), sha256_file(document))
