from pathlib import Path

import pytest
import torch

from speechtrt.errors import CheckpointError, DataError
from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig, load_ctc
from speechtrt.models.ctc_training.recipe import CtcRecipe
from speechtrt.models.ctc_training.run import RunPlan, train_ctc
from speechtrt.models.ctc_training.start import Start
from speechtrt.models.ctc_training.task import initialise
from speechtrt.models.tokenizer import load_tokenizer, train_tokenizer
from speechtrt.models.training.schedule import Budget
from tests.models.conftest import TINY_ENCODER

FEATURES, LENGTHS = torch.randn(2, 80, 80, generator=torch.Generator().manual_seed(1)) - 8, torch.tensor([80, 60])


def sized(layers: int, **changes: int) -> FastConformerCtcConfig:
    encoder = {**TINY_ENCODER, "num_hidden_layers": layers, **changes}
    return FastConformerCtcConfig(encoder_config=encoder, vocab_size=24)


@pytest.fixture(scope="module")
def two_layers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of two layers whose norms are not trivial."""
    torch.manual_seed(3)
    model = FastConformerCtc(sized(2))
    initialise(model)
    for name, parameter in model.named_parameters():
        if "norm_out" in name:
            torch.nn.init.normal_(parameter, 1.0 if name.endswith("weight") else 0.0, 0.3)
    folder = tmp_path_factory.mktemp("two")
    model.save_pretrained(folder)
    train_tokenizer(["one two three", "red blue lamp"] * 9, 24).save(folder)
    return folder


@pytest.mark.parametrize("layers", [(), (0, 1), (0, 0, 1), (0, 0, 0, 1, 1)])
def test_a_grown_model_begins_with_the_same_outputs(two_layers: Path, layers: tuple[int, ...]) -> None:
    model = FastConformerCtc(sized(len(layers) or 2))
    Start(str(two_layers), layers).apply(model)
    model.train(False)
    with torch.no_grad():
        torch.testing.assert_close(
            model(FEATURES, LENGTHS, 6), load_ctc(two_layers)(FEATURES, LENGTHS, 6), atol=1e-3, rtol=0
        )


@pytest.mark.parametrize("copies", [2, 3])
def test_a_widened_model_begins_with_the_same_outputs(two_layers: Path, copies: int) -> None:
    wide = {"hidden_size": 16 * copies, "num_attention_heads": 2 * copies, "intermediate_size": 40}
    model = FastConformerCtc(sized(2, **wide))
    Start(str(two_layers), copies=copies).apply(model)
    model.train(False)
    with torch.no_grad():
        found, expected = (m.double()(FEATURES.double(), LENGTHS, 6) for m in (model, load_ctc(two_layers)))
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)  # positions are float32 in any model


def test_copies_learn_apart(two_layers: Path) -> None:
    model = FastConformerCtc(sized(2, hidden_size=32, num_attention_heads=4))
    Start(str(two_layers), copies=2).apply(model)
    model(FEATURES, LENGTHS, 6)[..., 0].sum().backward()
    gradient = model.encoder.layers[0].get_parameter("self_attn.v_proj.weight").grad
    assert gradient is not None
    first, second = gradient.chunk(2)
    assert (first - second).norm() > 0.05 * gradient.norm()


def test_a_new_layer_can_learn(two_layers: Path) -> None:
    model = FastConformerCtc(sized(3))
    Start(str(two_layers), (0, 0, 1)).apply(model)
    model(FEATURES, LENGTHS, 6)[..., 0].sum().backward()
    grown = model.encoder.layers[1].get_submodule("feed_forward1")
    end, inside = grown.get_parameter("linear2.weight"), grown.get_parameter("linear1.weight")
    assert end.abs().max() == 0
    assert end.grad is not None
    assert end.grad.abs().max() > 0
    assert inside.abs().max() > 0


def test_a_shrunk_model_keeps_the_named_layers(two_layers: Path) -> None:
    model = FastConformerCtc(sized(1))
    Start(str(two_layers), (1,)).apply(model)
    kept, source = model.encoder.layers[0].state_dict(), load_ctc(two_layers).encoder.layers[1].state_dict()
    assert all(torch.equal(value, source[name]) for name, value in kept.items())


def test_what_does_not_fit_is_refused(two_layers: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no layer 5"):
        Start(str(two_layers), (0, 5)).apply(FastConformerCtc(sized(2)))
    with pytest.raises(DataError, match="does not fit the recipe"):
        Start(str(two_layers), (0,)).apply(FastConformerCtc(sized(2)))
    with pytest.raises(DataError, match="does not fit the recipe"):
        Start(str(two_layers)).apply(FastConformerCtc(sized(2, hidden_size=32)))
    with pytest.raises(CheckpointError, match="train those first"):
        Start("build/nowhere").apply(FastConformerCtc(sized(2)))


def test_a_run_starts_from_weights_and_their_tokenizer(two_layers: Path, tone_data: Path, tmp_path: Path) -> None:
    encoder = {**TINY_ENCODER, "num_hidden_layers": 2}
    recipe = CtcRecipe(encoder, vocab_size=24, rows=3, peak_rate=1e-9, start=Start(str(two_layers)))
    folder = train_ctc(RunPlan(recipe, tone_data, tmp_path / "run", budget=Budget(steps=1)))
    assert load_tokenizer(folder).pieces == load_tokenizer(two_layers).pieces
    with torch.no_grad():
        ours, theirs = (load_ctc(place)(FEATURES, LENGTHS, 1) for place in (folder, two_layers))
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=0)
