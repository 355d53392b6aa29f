"""What sherpa-onnx reads from the metadata of a NeMo streaming CTC file: sizes of windows, caches and vocabulary."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnx

from speechtrt.errors import CheckpointError
from speechtrt.specs import StageSpec

MODEL_TYPES = ("EncDecCTCModelBPE", "EncDecCTCModel", "EncDecHybridRNNTCTCBPEModel")
NOT_NORMALISED = ("", "NA", "None")


@dataclass(frozen=True, slots=True)
class NemoMetadata:
    """Window and shift in mel frames, vocabulary without the blank, and the caches' shapes without their row axis."""

    window_size: int
    chunk_shift: int
    subsampling_factor: int
    vocab_size: int
    channel: tuple[int, int, int]
    time: tuple[int, int, int]
    model_type: str = MODEL_TYPES[0]

    @property
    def frames(self) -> int:
        """Encoder frames of a chunk."""
        return self.chunk_shift // self.subsampling_factor

    @classmethod
    def of(cls, stage: StageSpec, subsampling_factor: int) -> "NemoMetadata":
        """The metadata of a stage in NeMo's layout."""
        signal, _, channel, time, _ = (tuple(int(d) for d in tensor.shape[1:]) for tensor in stage.inputs)
        _, frames, labels = stage.outputs[0].shape
        assert isinstance(frames, int) and isinstance(labels, int)
        shift = frames * subsampling_factor
        return cls(signal[1], shift, subsampling_factor, labels - 1, _three(channel), _three(time))

    @classmethod
    def parse(cls, found: Mapping[str, str], source: Path) -> "NemoMetadata":
        """Check and parse a file's metadata. Raises CheckpointError."""
        kind = found.get("model_type", "none")
        if kind not in MODEL_TYPES:
            raise CheckpointError(
                f"{source}: has the model_type {kind}; expected a streaming CTC file ({', '.join(MODEL_TYPES)})"
            )
        normalise = found.get("normalize_type", "")
        if normalise not in NOT_NORMALISED:
            raise CheckpointError(
                f"{source}: wants features normalised {normalise} over the whole recording, which a stream cannot do; "
                "use a model trained with normalize: NA"
            )
        number = _Numbers(found, source)
        return cls(
            window_size=number("window_size"),
            chunk_shift=number("chunk_shift"),
            subsampling_factor=number("subsampling_factor"),
            vocab_size=number("vocab_size"),
            channel=_three(tuple(number(f"cache_last_channel_dim{i}") for i in (1, 2, 3))),
            time=_three(tuple(number(f"cache_last_time_dim{i}") for i in (1, 2, 3))),
            model_type=kind,
        )

    def document(self) -> dict[str, str]:
        """The entries as sherpa-onnx and NeMo's export scripts name them."""
        caches = {f"cache_last_channel_dim{i}": size for i, size in enumerate(self.channel, 1)}
        caches |= {f"cache_last_time_dim{i}": size for i, size in enumerate(self.time, 1)}
        sizes = {
            "vocab_size": self.vocab_size,
            "window_size": self.window_size,
            "chunk_shift": self.chunk_shift,
            "subsampling_factor": self.subsampling_factor,
            **caches,
        }
        texts = {name: str(size) for name, size in sizes.items()}
        return {"model_type": self.model_type, "normalize_type": "", "version": "1", **texts}


class _Numbers:
    def __init__(self, found: Mapping[str, str], source: Path) -> None:
        self._found, self._source = found, source

    def __call__(self, name: str) -> int:
        text = self._found.get(name)
        if text is None:
            raise CheckpointError(
                f"{self._source}: its metadata lacks {name}; export it with sherpa-onnx's scripts for streaming CTC"
            )
        if not text.isdecimal() or not 0 < int(text) <= 1 << 20:
            raise CheckpointError(
                f"{self._source}: its metadata has {name} = {text[:40]!r}, expected a positive size; export it again"
            )
        return int(text)


def _three(sizes: tuple[int, ...]) -> tuple[int, int, int]:
    first, second, third = sizes
    return first, second, third


def write_metadata(path: Path, metadata: NemoMetadata) -> None:
    """Put the entries into an ONNX file."""
    model: Any = onnx.load(str(path))
    onnx.helper.set_model_props(model, metadata.document())
    onnx.save(model, str(path))
