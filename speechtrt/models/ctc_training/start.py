"""Begin a training from the weights of another model, also one that is less deep or wide."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from speechtrt.errors import CheckpointError, DataError
from speechtrt.models.ctc import FastConformerCtc, load_ctc
from speechtrt.models.ctc_training.source import source_folder
from speechtrt.models.ctc_training.widening import Widening

LAYER = "encoder.layers."
BRANCH_ENDS = ("feed_forward1.linear2", "feed_forward2.linear2", "self_attn.o_proj", "conv.pointwise_conv2")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a model begins: `weights` is a reference model's name or a checkpoint folder.

    `layers` names the source layer of each of the model's layers (in order, as they are when empty). A layer that is
    named twice in a row is copied once more as a layer that changes nothing at first, so that a grown model begins
    with the outputs of the one it came from; so does one that is `copies` times as wide.
    """

    weights: str
    layers: tuple[int, ...] = ()
    copies: int = 1

    @property
    def folder(self) -> Path:
        """The checkpoint folder; Raises CheckpointError when there is none."""
        return source_folder(self.weights)

    def apply(self, model: FastConformerCtc) -> None:
        """Copy the weights into `model`. Raises DataError when sizes do not fit, CheckpointError for no checkpoint."""
        source = load_ctc(self.folder)
        state = grown(source.state_dict(), self.layers or tuple(range(source.config.encoder.num_hidden_layers)))
        if self.copies > 1:
            noise = torch.Generator().manual_seed(self.copies)
            state = Widening(self.copies, source.config.encoder.scale_input, noise).apply(state, model.state_dict())
        try:
            model.load_state_dict(state)
        except RuntimeError as error:
            reason = str(error).splitlines()[1].strip()
            raise DataError(
                f"{self.folder}: does not fit the recipe ({reason}); expected equal sizes and a source for each layer"
            ) from error


def grown(state: Mapping[str, Tensor], layers: tuple[int, ...]) -> dict[str, Tensor]:
    """The tensors of a model whose layers are `layers` of `state`. Raises CheckpointError for a layer it has not."""
    new = {name: value.clone() for name, value in state.items() if not name.startswith(LAYER)}
    for place, layer in enumerate(layers):
        found = {name: value for name, value in state.items() if name.startswith(f"{LAYER}{layer}.")}
        if not found:
            raise CheckpointError(f"there is no layer {layer} to start from; expected numbers below that model's depth")
        for name, value in found.items():
            new[f"{LAYER}{place}.{name.removeprefix(f'{LAYER}{layer}.')}"] = value.clone()
        if place and layers[place - 1] == layer:
            _silence(new, place)
    return new


def _silence(state: dict[str, Tensor], place: int) -> None:
    """Make layer `place` the identity: no branch adds anything, and the norm before it leaves scaling to its own."""
    here, previous = f"{LAYER}{place}.", f"{LAYER}{place - 1}."
    for end in BRANCH_ENDS:
        for name in (f"{here}{end}.weight", f"{here}{end}.bias"):
            if name in state:
                state[name] = torch.zeros_like(state[name])
    state[f"{previous}norm_out.weight"] = torch.ones_like(state[f"{previous}norm_out.weight"])
    state[f"{previous}norm_out.bias"] = torch.zeros_like(state[f"{previous}norm_out.bias"])
