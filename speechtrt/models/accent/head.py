"""The linear head, in numpy alone: it serves where there is no PyTorch."""

import json
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import numpy as np
import numpy.typing as npt
import safetensors.numpy
from safetensors import SafetensorError, safe_open

from speechtrt.artifact import write_bytes
from speechtrt.errors import CheckpointError

HEAD = "accent.safetensors"
Vector = npt.NDArray[np.float32]


class Source(Enum):
    """What is pooled: the middle layer's output, or the CTC log-probabilities that every exported model gives."""

    STATES = "states"
    LOG_PROBS = "log_probs"


@dataclass(frozen=True, slots=True)
class AccentHead:
    """`weight` [labels, 2 * dim] and `bias` [labels] on pooled frames that are standardised by `mean` and `scale`."""

    labels: tuple[str, ...]
    weight: Vector
    bias: Vector
    mean: Vector
    scale: Vector

    def probabilities(self, frames: npt.NDArray[np.floating]) -> Vector:
        """P(label) [labels] for the frames [time, dim] of one utterance, at least one."""
        logits = self.weight @ ((pool(frames) - self.mean) / self.scale) + self.bias
        raised = np.exp(logits - logits.max())
        return np.asarray(raised / raised.sum(), dtype=np.float32)

    def classify(self, frames: npt.NDArray[np.floating]) -> str:
        """The likeliest label of one utterance."""
        return self.labels[int(self.probabilities(frames).argmax())]


def pool(frames: npt.NDArray[np.floating]) -> Vector:
    """Mean and standard deviation over time: [time, dim] -> [2 * dim]."""
    return np.concatenate([frames.mean(0), frames.std(0)]).astype(np.float32)


def save_heads(path: Path, heads: dict[Source, AccentHead]) -> None:
    """Write the heads of all sources to one file, float16."""
    tensors = {
        f"{source.value}.{name}": getattr(head, name).astype(np.float16)
        for source, head in heads.items()
        for name in ("weight", "bias", "mean", "scale")
    }
    labels = {source.value: list(head.labels) for source, head in heads.items()}
    write_bytes(path, safetensors.numpy.save(tensors, metadata={"labels": json.dumps(labels)}))


def load_head(path: Path, source: Source) -> AccentHead:
    """The head for `source`. Raises CheckpointError when the file is missing or holds none."""
    try:
        with safe_open(path, "np") as file:
            labels = json.loads(file.metadata()["labels"])[source.value]
            tensors = {
                name: file.get_tensor(f"{source.value}.{name}").astype(np.float32)
                for name in ("weight", "bias", "mean", "scale")
            }
    except (OSError, SafetensorError, LookupError, TypeError) as error:
        raise CheckpointError(f"{path}: holds no accent head for {source.value} ({error}); train one") from error
    return AccentHead(tuple(labels), **tensors)
