"""Write a finished run as a checkpoint folder to ship: half-precision weights, tokenizer, model card, checksums."""

from pathlib import Path

import safetensors.torch
import torch

from speechtrt.artifact import sha256_file, staged_folder, write_bytes
from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_training.card import CARD, CardFacts, model_card
from speechtrt.models.tokenizer import PieceTokenizer

CHECKSUMS = "weights.sha256"
WEIGHTS = "model.safetensors"


def round_to_half(model: FastConformerCtc) -> None:
    """Give the float32 model the values that float16 can hold, so that what is evaluated is what is shipped."""
    for parameter in model.parameters():
        parameter.data = parameter.data.half().float()


def publish_ctc(model: FastConformerCtc, tokenizer: PieceTokenizer, facts: CardFacts, target: Path) -> None:
    """Write `target`: configuration, float16 weights, tokenizer, the card of `facts`, and `weights.sha256` of them all.

    The configuration names float32, so that `from_pretrained` casts the weights back on loading.
    """
    with staged_folder(target) as folder:
        model.config.architectures = [type(model).__name__]
        model.config.dtype = torch.float32
        model.config.save_pretrained(folder)
        write_bytes(folder / WEIGHTS, _half(model))
        tokenizer.save(folder)
        write_bytes(folder / CARD, model_card(facts).encode())
        files = sorted(path for path in folder.iterdir() if path.name != CHECKSUMS)
        lines = "".join(f"{sha256_file(path)}  {path.name}\n" for path in files)
        write_bytes(folder / CHECKSUMS, lines.encode())


def _half(model: FastConformerCtc) -> bytes:
    tensors = {name: value.to(torch.float16).contiguous() for name, value in model.state_dict().items()}
    return safetensors.torch.save(tensors, metadata={"format": "pt"})
