"""Parity of SpeechT5 must notice every way in which a step can be wrong."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from speechtrt.errors import ParityError
from speechtrt.export.families import speecht5_decoder, speecht5_encoder
from speechtrt.export.families.base import Runners
from speechtrt.export.families.speecht5 import SpeechT5Model
from speechtrt.export.parity import require
from speechtrt.export.state_io import attend, write_rows
from tests.export.module_runner import module_runners

Break = Callable[[pytest.MonkeyPatch], None]


def everything_visible(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        speecht5_decoder, "attend", lambda q, k, v, visible, scale: attend(q, k, v, torch.ones_like(visible), scale)
    )


def newest_key_hidden(patch: pytest.MonkeyPatch) -> None:

    def late(q: Tensor, k: Tensor, v: Tensor, visible: Tensor, scale: float) -> Tensor:
        later = visible & visible.roll(-1, 3)
        return attend(q, k, v, torch.where(later.any(3, keepdim=True), later, visible), scale)

    patch.setattr(speecht5_decoder, "attend", late)


def one_position_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        speecht5_decoder,
        "write_rows",
        lambda cache, update, position: write_rows(cache, update, (position - 1).clamp(0)),
    )


def no_dropout(patch: pytest.MonkeyPatch) -> None:
    forward = speecht5_decoder._Prenet.forward
    patch.setattr(
        speecht5_decoder._Prenet,
        "forward",
        lambda self, frame, position, dropout, bias: forward(self, frame, position, torch.ones_like(dropout), bias),
    )


def padding_heard(patch: pytest.MonkeyPatch) -> None:
    attention = speecht5_encoder._attention
    patch.setattr(
        speecht5_encoder,
        "_attention",
        lambda module, states, distances, mask: attention(module, states, distances, torch.ones_like(mask)),
    )


def distances_mirrored(patch: pytest.MonkeyPatch) -> None:
    attention = speecht5_encoder._attention
    patch.setattr(
        speecht5_encoder,
        "_attention",
        lambda module, states, distances, mask: attention(module, states, distances.transpose(0, 1), mask),
    )


def speaker_ignored(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(speecht5_encoder._SpeakerBias, "forward", lambda self, speaker: self.part(torch.zeros_like(speaker)))


BREAKS = (
    everything_visible,
    newest_key_hidden,
    one_position_late,
    no_dropout,
    padding_heard,
    distances_mirrored,
    speaker_ignored,
)


def test_the_modules_pass(tts_model: SpeechT5Model) -> None:
    require(tts_model.parity(runners(tts_model)))


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda b: b.__name__)
def test_a_broken_module_is_noticed(break_it: Break, tts_model: SpeechT5Model, monkeypatch: pytest.MonkeyPatch) -> None:
    break_it(monkeypatch)
    with pytest.raises(ParityError, match="differs from PyTorch"):
        require(tts_model.parity(runners(tts_model)))


def runners(model: SpeechT5Model) -> Runners:
    return module_runners(model.stages())
