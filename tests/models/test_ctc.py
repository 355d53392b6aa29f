from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.errors import CheckpointError
from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig, load_ctc
from speechtrt.models.ctc_training.examples import encoder_frames
from speechtrt.models.ctc_training.task import initialise


@pytest.fixture(scope="module")
def model(tiny_config: FastConformerCtcConfig) -> FastConformerCtc:
    torch.manual_seed(0)
    tiny = FastConformerCtc(tiny_config)
    initialise(tiny)  # transformers' own weights are so small that nothing would be seen
    tiny.train(False)
    return tiny


@pytest.fixture(scope="module")
def features() -> torch.Tensor:
    return torch.randn(1, 200, 80, generator=torch.Generator().manual_seed(1)) * 3 - 7


@torch.no_grad()
def run(model: FastConformerCtc, features: torch.Tensor, lookahead: int, frames: int | None = None) -> torch.Tensor:
    lengths = torch.tensor([frames or features.shape[1]] * len(features))
    log_probs: torch.Tensor = model(features, lengths, lookahead)
    return log_probs


def test_rows_are_log_probabilities_every_80_ms(model: FastConformerCtc, features: torch.Tensor) -> None:
    log_probs = run(model, features, 6)
    assert log_probs.shape == (1, encoder_frames(200), 25)
    assert log_probs.exp().sum(-1) == pytest.approx(torch.ones(1, encoder_frames(200)), abs=1e-5)


def test_padding_changes_nothing(model: FastConformerCtc, features: torch.Tensor) -> None:
    padded = torch.cat([features, torch.full((1, 70, 80), 3.0)], dim=1)
    alone, beside = run(model, features, 6), run(model, padded, 6, frames=200)
    assert (beside[:, : alone.shape[1]] - alone).abs().max() < 1e-5


@pytest.mark.parametrize(("lookahead", "seen"), [(1, 2), (6, 7)])
def test_a_chunk_sees_no_later_chunk(
    model: FastConformerCtc, features: torch.Tensor, lookahead: int, seen: int
) -> None:
    later = features.clone()
    later[:, 8 * seen :] = 0.0  # mel frames after encoder frame `seen - 1`, which ends at 8 (seen - 1)
    same = (run(model, features, lookahead) - run(model, later, lookahead)).abs().amax(-1)[0]
    assert same[:seen].max() == 0
    assert same[seen:].max() > 0.01


def test_features_are_standardised_inside(model: FastConformerCtc, features: torch.Tensor) -> None:
    hidden = model.encoder(
        input_features=(features + 7) / 4,
        attention_mask=torch.ones(1, 200, dtype=torch.bool),
        num_lookahead_tokens=6,
    ).last_hidden_state
    assert (model.log_probs(hidden) - run(model, features, 6)).abs().max() < 1e-5


def test_the_lookahead_matters(model: FastConformerCtc, features: torch.Tensor) -> None:
    assert (run(model, features, 1) - run(model, features, 6)).abs().max() > 0.01


def test_a_saved_model_loads_the_same(model: FastConformerCtc, features: torch.Tensor, tmp_path: Path) -> None:
    model.save_pretrained(tmp_path)
    loaded = load_ctc(tmp_path)
    assert loaded.config.encoder.hidden_size == 16
    assert loaded.config.blank == 24
    assert not loaded.training
    assert torch.equal(run(loaded, features, 6), run(model, features, 6))


def test_a_folder_without_a_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a streaming CTC checkpoint"):
        load_ctc(tmp_path)


@given(st.integers(min_value=1, max_value=3000))
def test_lengths_follow_the_strides(frames: int) -> None:
    tiny = FastConformerCtcConfig(encoder_config={"subsampling_factor": 8})
    counted = FastConformerCtc.output_lengths(_Configured(tiny), torch.tensor([frames]))  # type: ignore[arg-type]
    assert int(counted) == encoder_frames(frames)


class _Configured:
    def __init__(self, config: FastConformerCtcConfig) -> None:
        self.config = config
