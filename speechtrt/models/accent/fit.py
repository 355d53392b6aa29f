"""Fit the head: multinomial logistic regression on pooled frames of a frozen CTC model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from speechtrt.errors import DataError
from speechtrt.models.accent.head import AccentHead, Source, Vector, pool
from speechtrt.models.ctc import FastConformerCtc
from speechtrt.models.ctc_training.features import FeatureSet

ROWS = 25
DECAY = 1e-2  # ridge penalty on the weights; standardised inputs
ROUNDS = 60


@dataclass(frozen=True, slots=True)
class Pooled:
    """Vectors [utterances, 2 * dim] of each source, and the group of each utterance."""

    vectors: dict[Source, Vector]
    labels: tuple[str, ...]


@torch.no_grad()
def pool_set(model: FastConformerCtc, spoken: FeatureSet, chosen: Sequence[int] | None = None) -> Pooled:
    """What `model` makes of the utterances `chosen`, all that have a group when None. Raises DataError for none."""
    grouped = [index for index, utterance in enumerate(spoken.utterances) if utterance.dialect]
    chosen = grouped if chosen is None else chosen
    if not chosen:
        raise DataError("no utterance of the set has a dialect; make the data again with this version")
    parts: dict[Source, list[Vector]] = {source: [] for source in Source}
    for start in range(0, len(chosen), ROWS):
        for states, log_probs in _frames(model, spoken, chosen[start : start + ROWS]):
            parts[Source.STATES].append(pool(states))
            parts[Source.LOG_PROBS].append(pool(log_probs))
    labels = tuple(str(spoken.utterances[index].dialect) for index in chosen)
    return Pooled({source: np.stack(part) for source, part in parts.items()}, labels)


def middle_layer(model: FastConformerCtc) -> int:
    """Index of the layer whose output is pooled: half-way up, since the last layers forget how a word was said."""
    return (model.config.encoder.num_hidden_layers - 1) // 2


def _frames(model: FastConformerCtc, spoken: FeatureSet, chosen: Sequence[int]) -> list[tuple[Vector, Vector]]:
    device = next(model.parameters()).device
    rows = [torch.from_numpy(spoken.features(index)).float() for index in chosen]
    lengths = torch.tensor([len(row) for row in rows])
    features = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(device)
    states: list[Tensor] = []
    hook = model.encoder.layers[middle_layer(model)].register_forward_hook(lambda *call: states.append(call[-1]))
    try:
        log_probs = model(features, lengths.to(device), max(model.config.lookaheads))
    finally:
        hook.remove()
    counts = model.output_lengths(lengths).tolist()
    return [
        (states[0][row, :count].cpu().numpy(), log_probs[row, :count].cpu().numpy()) for row, count in enumerate(counts)
    ]


def fit_head(vectors: Vector, labels: Sequence[str]) -> AccentHead:
    """The head of `vectors` [utterances, 2 * dim]; the same for the same data."""
    names = tuple(sorted(set(labels)))
    mean, scale = vectors.mean(0), vectors.std(0) + 1e-3
    inputs = torch.from_numpy((vectors - mean) / scale)
    wanted = torch.tensor([names.index(label) for label in labels])
    weight, bias = _regress(inputs, wanted, len(names))
    return AccentHead(names, weight.numpy(), bias.numpy(), mean, scale)


def _regress(inputs: Tensor, wanted: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    weight = torch.zeros(classes, inputs.shape[1], requires_grad=True)
    bias = torch.zeros(classes, requires_grad=True)
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=ROUNDS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = functional.cross_entropy(inputs @ weight.T + bias, wanted) + DECAY * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()


def accuracy(head: AccentHead, vectors: Vector, labels: Sequence[str]) -> dict[str, float]:
    """Share of utterances told rightly: `all`, and of each group."""
    logits = ((vectors - head.mean) / head.scale) @ head.weight.T + head.bias
    right = np.array([head.labels[best] == label for best, label in zip(logits.argmax(1), labels, strict=True)])
    groups = np.array(labels)
    return {"all": float(right.mean()), **{name: float(right[groups == name].mean()) for name in sorted(set(labels))}}
