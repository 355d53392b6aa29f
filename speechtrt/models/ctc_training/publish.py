"""Write a finished run as a checkpoint folder to ship: half-precision weights, tokenizer, model card, checksums."""

from pathlib import Path

import torch

from speechtrt.artifact import staged_folder, write_bytes
from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_training.card import CardFacts, model_card
from speechtrt.models.shipped import CARD, write_checksums, write_half
from speechtrt.models.tokenizer import PieceTokenizer


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
        write_half(folder, model)
        tokenizer.save(folder)
        write_bytes(folder / CARD, model_card(facts).encode())
        write_checksums(folder)
