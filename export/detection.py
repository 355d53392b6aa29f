"""Which family a checkpoint belongs to, from its `config.json`."""

from speechtrt.errors import CheckpointError
from speechtrt.export.checkpoint import Checkpoint
from speechtrt.export.families.base import Family


def families() -> tuple[Family, ...]:
    """All families, imported only when one is needed: they load PyTorch."""
    from speechtrt.export.families.fastconformer_ctc import FastConformer
    from speechtrt.export.families.parakeet_ctc import Parakeet
    from speechtrt.export.families.speecht5 import SpeechT5
    from speechtrt.export.families.wav2vec2_ctc import HUBERT, WAV2VEC2

    return SpeechT5(), FastConformer(), Parakeet(), WAV2VEC2, HUBERT


def detect(checkpoint: Checkpoint) -> Family:
    """The family of `checkpoint`. Raises CheckpointError that names the class found and the known ones."""
    config = checkpoint.config
    found = list(config.get("architectures") or [])
    for family in families():
        if family.architecture in found or (not found and config.get("model_type") == family.model_type):
            return family
    name = ", ".join(map(str, found)) or f"model type {config.get('model_type')}"
    known = ", ".join(family.architecture for family in families())
    raise CheckpointError(f"{checkpoint.id}: is a checkpoint of {name}; the classes that can be exported are {known}")
