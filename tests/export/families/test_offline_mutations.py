"""Parity of the offline encoders must notice every mask that is missing; and it holds for the families' variants."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import HubertConfig, HubertForCTC, Wav2Vec2Config, Wav2Vec2ForCTC

from speechtrt.errors import ParityError
from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.detection import detect
from speechtrt.export.families import parakeet_encoder, parakeet_features, waveform_encoder
from speechtrt.export.families.base import Model
from speechtrt.export.parity import require
from tests.export.module_runner import module_runners
from tests.tiny_offline import WAVEFORM, write_waveform_files

Break = Callable[[pytest.MonkeyPatch], None]


def loaded(folder: Path) -> Model:
    checkpoint = open_checkpoint(str(folder))
    return detect(checkpoint).load(checkpoint)


def check(model: Model) -> None:
    require(model.parity(module_runners(model.stages())))


def everything(count: Tensor, size: int) -> Tensor:
    return torch.ones(len(count), size, dtype=torch.bool)


def plain_moments(values: Tensor, exists: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    variance, mean = torch.var_mean(values, -1, correction=0, keepdim=True)
    return mean, variance


def waveform_not_masked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waveform_encoder, "existing", everything)


def waveform_norm_hears_padding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(waveform_encoder, "masked_moments", plain_moments)


def waveform_position_shifted(patch: pytest.MonkeyPatch) -> None:
    before = waveform_encoder._Positions.forward
    patch.setattr(waveform_encoder._Positions, "forward", lambda self, s, e: before(self, s, e).roll(1, 1))


def parakeet_not_masked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parakeet_encoder, "existing", everything)


def parakeet_features_not_masked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parakeet_features, "existing", everything)


def parakeet_norm_hears_padding(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(parakeet_features, "masked_moments", plain_moments)


def parakeet_distance_off_by_one(patch: pytest.MonkeyPatch) -> None:
    shifted = parakeet_encoder._shifted
    patch.setattr(parakeet_encoder, "_shifted", lambda scores: shifted(scores.roll(1, 3)))


WAVEFORM_BREAKS = (waveform_not_masked, waveform_norm_hears_padding, waveform_position_shifted)
PARAKEET_BREAKS = (
    parakeet_not_masked,
    parakeet_features_not_masked,
    parakeet_norm_hears_padding,
    parakeet_distance_off_by_one,
)
CASES = [("wav2vec2_ctc", b) for b in WAVEFORM_BREAKS] + [("parakeet_ctc", b) for b in PARAKEET_BREAKS]


@pytest.mark.parametrize(("family", "break_it"), CASES, ids=lambda value: getattr(value, "__name__", value))
def test_a_broken_module_is_noticed(
    family: str, break_it: Break, offline_checkpoints: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = loaded(offline_checkpoints[family])
    check(model)
    break_it(monkeypatch)
    with pytest.raises(ParityError, match="log-probabilities"):
        check(model)


def adapters() -> Any:
    config: dict[str, Any] = {
        "feat_extract_norm": "layer",
        "do_stable_layer_norm": True,
        "adapter_attn_dim": 4,
        "conv_bias": True,
    }
    return Wav2Vec2ForCTC(Wav2Vec2Config(**WAVEFORM, **config))


def old_hubert() -> Any:
    return HubertForCTC(HubertConfig(**WAVEFORM, feat_proj_layer_norm=False))


@pytest.mark.parametrize("make", [adapters, old_hubert], ids=lambda make: make.__name__)
@pytest.mark.parametrize("normalise", [True, False])
def test_variants(make: Callable[[], Any], normalise: bool, tmp_path: Path) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(6)
        make().save_pretrained(tmp_path)
    write_waveform_files(tmp_path, normalise)
    check(loaded(tmp_path))
