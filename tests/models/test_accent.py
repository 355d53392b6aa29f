from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from speechtrt.artifact import sha256_file
from speechtrt.errors import CheckpointError, DataError
from speechtrt.models.accent.fit import accuracy, fit_head, middle_layer, pool_set
from speechtrt.models.accent.head import HEAD, AccentHead, Source, load_head, pool, save_heads
from speechtrt.models.accent.run import fair_choice
from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig, load_ctc
from speechtrt.models.ctc_training.features import load_features
from speechtrt.models.ctc_training.groups import measure_recordings
from speechtrt.models.ctc_training.task import initialise
from speechtrt.models.evaluation.utterances import dialect_utterances
from tests.models.conftest import TINY_ENCODER

WEIGHTS = Path(__file__).parents[2] / "speechtrt/models/weights"
LABELS = ("indian", "southern", "standard")


@pytest.fixture(scope="module")
def clouds() -> tuple[np.ndarray, list[str]]:
    """Three groups of vectors, apart in some of their twelve dimensions."""
    rng = np.random.default_rng(2)
    labels = [LABELS[number % 3] for number in range(240)]
    centres = {label: 4 * rng.standard_normal(12) for label in LABELS}
    vectors = np.stack([centres[label] + rng.standard_normal(12) for label in labels]).astype(np.float32)
    return vectors, labels


def test_a_head_tells_groups_apart(clouds: tuple[np.ndarray, list[str]]) -> None:
    vectors, labels = clouds
    head = fit_head(vectors[:120], labels[:120])
    rates = accuracy(head, vectors[120:], labels[120:])
    assert rates.keys() == {"all", *LABELS}
    assert rates["all"] > 0.95


def test_a_saved_head_says_the_same(clouds: tuple[np.ndarray, list[str]], tmp_path: Path) -> None:
    head = fit_head(*clouds)
    save_heads(tmp_path / "accent.safetensors", {Source.STATES: head})
    read = load_head(tmp_path / "accent.safetensors", Source.STATES)
    frames = np.random.default_rng(1).standard_normal((9, 6)).astype(np.float32)
    assert read.labels == LABELS
    np.testing.assert_allclose(read.probabilities(frames), head.probabilities(frames), atol=0.02)
    assert read.probabilities(frames).sum() == pytest.approx(1.0)
    assert read.classify(frames) == LABELS[int(head.probabilities(frames).argmax())]


def test_a_missing_head_is_refused(clouds: tuple[np.ndarray, list[str]], tmp_path: Path) -> None:
    path = tmp_path / "accent.safetensors"
    with pytest.raises(CheckpointError, match="holds no accent head for states"):
        load_head(path, Source.STATES)
    save_heads(path, {Source.STATES: fit_head(*clouds)})
    with pytest.raises(CheckpointError, match="holds no accent head for log_probs"):
        load_head(path, Source.LOG_PROBS)


def test_pooling_is_mean_and_deviation_over_time() -> None:
    pooled = pool(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert pooled.tolist() == [2.0, 5.0, 1.0, 0.0]


def test_what_is_pooled_does_not_depend_on_the_company(tiny_config: FastConformerCtcConfig) -> None:
    torch.manual_seed(1)
    model = FastConformerCtc(tiny_config)
    initialise(model)
    model.train(False)
    spoken = dialect_utterances()[:4]
    together = pool_set(model, measure_recordings(spoken, tiny_config))
    alone = pool_set(model, measure_recordings(spoken[1:2], tiny_config))
    assert together.labels == ("standard", "southern", "british", "australian")
    for source in Source:
        np.testing.assert_allclose(together.vectors[source][1], alone.vectors[source][0], atol=1e-4)
    assert together.vectors[Source.STATES].shape == (4, 2 * 16)
    assert together.vectors[Source.LOG_PROBS].shape == (4, 2 * 25)


def test_a_set_without_groups_is_refused(tone_data: Path, tiny_config: FastConformerCtcConfig) -> None:
    with pytest.raises(DataError, match="no utterance of the set has a dialect"):
        pool_set(FastConformerCtc(tiny_config), load_features(tone_data / "train", tiny_config))


def test_heads_are_fitted_on_one_synthesiser_alone(tone_data: Path, tiny_config: FastConformerCtcConfig) -> None:
    spoken = measure_recordings(dialect_utterances()[:4], tiny_config)
    first, second, third, fourth = spoken.utterances
    mixed = replace(
        spoken,
        utterances=(
            first,
            replace(second, synthesizer="flite"),
            replace(third, condition="room 0.2 s"),
            replace(fourth, dialect=None),
        ),
    )
    assert fair_choice(mixed) == [0]


def test_the_middle_layer_is_pooled() -> None:
    sizes = {
        layers: FastConformerCtcConfig(encoder_config={**TINY_ENCODER, "num_hidden_layers": layers})
        for layers in (1, 3)
    }
    assert [middle_layer(FastConformerCtc(config)) for config in sizes.values()] == [0, 1]


def test_the_shipped_heads_belong_to_the_medium_model_and_tell_groups_apart() -> None:
    model = load_ctc(WEIGHTS / "ctc-medium")
    card = (WEIGHTS / "accent/MODEL_CARD.md").read_text()
    assert sha256_file(WEIGHTS / "ctc-medium/model.safetensors") in card
    unseen = pool_set(model, measure_recordings(dialect_utterances()[:100], model.config))
    for source, bar in ((Source.STATES, 0.65), (Source.LOG_PROBS, 0.35)):
        head = load_head(WEIGHTS / "accent" / HEAD, source)
        assert accuracy(head, unseen.vectors[source], unseen.labels)["all"] > bar


def test_the_head_is_plain_numpy() -> None:
    bias, ones = np.zeros(2, np.float32), np.ones(4, np.float32)
    head = AccentHead(("a", "b"), np.eye(2, 4, dtype=np.float32), bias, ones, ones)
    assert head.classify(np.array([[9.0, 1.0]])) == "a"
