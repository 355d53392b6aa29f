import pytest
import torch

from speechtrt.models.tts.batches import IGNORED, SpeechBatch, SpellingBatch
from speechtrt.models.tts.losses import (
    attention_loss,
    spectrogram_loss,
    spelling_accuracy,
    spelling_loss,
    stop_loss,
)


@pytest.fixture
def batch() -> SpeechBatch:
    """Two rows of three and two steps over four pieces."""
    phones = torch.tensor([[[1, 0], [2, 3], [0, 0], [4, 0]], [[1, 0], [4, 0], [IGNORED] * 2, [IGNORED] * 2]])
    spelling = SpellingBatch(torch.ones(2, 4, dtype=torch.long), (phones[..., 0] != IGNORED).long(), phones)
    places = torch.tensor([[0, 1, 3], [0, 1, IGNORED]])
    return SpeechBatch(spelling, torch.zeros(2, 6, 80), places, torch.tensor([3, 2]))


def attention_on(batch: SpeechBatch, shift: int) -> torch.Tensor:
    places = (batch.places.clamp_min(0) + shift) % 4
    return torch.nn.functional.one_hot(places, 4).float()[:, None].expand(-1, 3, -1, -1)


def test_attention_on_the_spoken_letter_costs_nothing(batch: SpeechBatch) -> None:
    assert attention_loss([attention_on(batch, 0)], batch).item() == pytest.approx(0.0, abs=1e-6)


def test_attention_elsewhere_costs_more_the_farther_it_is(batch: SpeechBatch) -> None:
    near, far = (attention_loss([attention_on(batch, shift)], batch).item() for shift in (1, 2))
    assert 0.5 < near < far


def test_the_third_head_is_free(batch: SpeechBatch) -> None:
    weights = attention_on(batch, 0).clone()
    weights[:, 2] = attention_on(batch, 2)[:, 2]
    assert attention_loss([weights], batch).item() == pytest.approx(0.0, abs=1e-6)


def test_padded_frames_do_not_count(batch: SpeechBatch) -> None:
    made = torch.zeros(2, 6, 80)
    made[1, 4:] = 100.0
    assert spectrogram_loss(made, batch).item() == 0.0
    made[1, 3] = 1.0
    assert spectrogram_loss(made, batch).item() == pytest.approx(1.5 / 10)


def test_the_stop_is_the_last_step_of_each_row(batch: SpeechBatch) -> None:
    logits = torch.full((2, 6), -20.0)
    logits[0, 4:], logits[1, 2:4] = 20.0, 20.0
    assert stop_loss(logits, batch, 8.0).item() < 1e-6
    logits[1, 4:] = 20.0
    assert stop_loss(logits, batch, 8.0).item() < 1e-6
    assert stop_loss(-logits, batch, 8.0).item() > 20.0


def test_spelling_counts_both_phones_of_real_pieces(batch: SpeechBatch) -> None:
    right = torch.nn.functional.one_hot(batch.spelling.phones.clamp_min(0), 5).float() * 30.0
    assert spelling_loss(right.flatten(2), batch.spelling).item() < 1e-5
    assert spelling_accuracy(right.flatten(2), batch.spelling) == 1.0
    right[0, 1, 1] = torch.tensor([30.0, 0, 0, 0, 0])
    assert spelling_accuracy(right.flatten(2), batch.spelling) == pytest.approx(5 / 6)
