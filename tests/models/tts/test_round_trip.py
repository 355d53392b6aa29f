from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Tensor
from transformers import SpeechT5Tokenizer

from speechtrt.documents import read_document, write_document
from speechtrt.models.ctc import FastConformerCtc, FastConformerCtcConfig
from speechtrt.models.tokenizer import train_tokenizer
from speechtrt.models.tts.acoustic import build_acoustic, speaker_embedding
from speechtrt.models.tts.card import VoiceFacts, voice_card
from speechtrt.models.tts.listening import load_listener
from speechtrt.models.tts.recipe import VoiceRecipe
from speechtrt.models.tts.round_trip import RoundTrip, read_sentences, round_trip
from speechtrt.models.tts.speaking import ReferenceVoice
from speechtrt.models.vocoder.generator import build_vocoder
from speechtrt.models.vocoder.mel import HOP
from tests.models.vocoder.conftest import TINY_VOCODER


class Ear:
    """Hears what it is told to; remembers how long the recordings were."""

    name = "somebody"

    def __init__(self, *rounds: list[str]) -> None:
        self.rounds = list(rounds)
        self.lengths: list[list[int]] = []

    def write_down(self, recordings: Sequence[Tensor]) -> list[str]:
        self.lengths.append([len(recording) for recording in recordings])
        return self.rounds.pop(0)


@pytest.fixture
def voice(tiny_voice_recipe: VoiceRecipe, pieces_file: Path) -> ReferenceVoice:
    torch.manual_seed(1)
    mean, scale = torch.full((80,), -2.5), torch.ones(80)
    acoustic = build_acoustic(tiny_voice_recipe, 39, mean, scale).train(False)
    tokenizer = SpeechT5Tokenizer(str(pieces_file))
    return ReferenceVoice(acoustic, build_vocoder(TINY_VOCODER, mean, scale), tokenizer, speaker_embedding(4))


def test_errors_are_counted_for_voice_vocoder_and_original(
    voice: ReferenceVoice, spoken_set: Path, tmp_path: Path
) -> None:
    sentences = read_sentences(spoken_set)[:2]
    texts = [sentence.text for sentence in sentences]
    ear = Ear([texts[0], ""], [texts[0], texts[1] + "s"], texts)
    figures = round_trip(voice, ear, sentences, "tiny")
    assert figures.load.listener == "somebody, greedy, largest look-ahead"
    silent = len(texts[1]) / len("".join(texts))
    assert figures.summary["cer"] == pytest.approx(silent, abs=1e-4)
    assert 0 < figures.summary["copy_cer"] < silent
    assert figures.summary["original_cer"] == figures.summary["original_wer"] == 0.0
    assert ear.lengths[1] == [len(sentence.mel) * HOP for sentence in sentences]
    assert [trial.duration_ratio for trial in figures.trials] == pytest.approx(
        [made / len(sentence.samples) for made, sentence in zip(ear.lengths[0], sentences, strict=True)], abs=1e-4
    )
    write_document(tmp_path / "r.json", figures)
    assert read_document(tmp_path / "r.json", RoundTrip) == figures


def test_a_voice_that_never_stops_is_told_apart(voice: ReferenceVoice, spoken_set: Path) -> None:
    sentences = read_sentences(spoken_set)[:1]
    voice.acoustic.speech_decoder_postnet.prob_out.bias.data.fill_(-50.0)
    endless = round_trip(voice, Ear([""], [""], [""]), sentences, "tiny")
    voice.acoustic.speech_decoder_postnet.prob_out.bias.data.fill_(50.0)
    short = round_trip(voice, Ear([""], [""], [""]), sentences, "tiny")
    assert (endless.summary["stopped_share"], short.summary["stopped_share"]) == (0.0, 1.0)


def test_a_ctc_checkpoint_listens(tiny_config: FastConformerCtcConfig, tmp_path: Path) -> None:
    torch.manual_seed(0)
    FastConformerCtc(tiny_config).save_pretrained(tmp_path)
    train_tokenizer(["one two three red blue lamp"] * 4, tiny_config.vocab_size).save(tmp_path)
    heard = load_listener(tmp_path).write_down([0.1 * torch.randn(8000), 0.1 * torch.randn(12_000)])
    assert len(heard) == 2
    assert all(isinstance(text, str) for text in heard)


def test_the_card_quotes_the_figures_it_is_given() -> None:
    facts = VoiceFacts(3_653_764, 1_364_161, 5818, 4.43, 9000, 2800, 80.0, 2900, 60.0, "a core", {})
    assert "Not measured." in voice_card(facts)
    names = ("cer", "wer", "copy_cer", "copy_wer", "original_cer", "original_wer", "stopped_share", "duration_ratio")
    figures = {name: 0.1 + 0.01 * place for place, name in enumerate(names)}
    measured = VoiceFacts(3_653_764, 1_364_161, 5818, 4.43, 9000, 2800, 80.0, 2900, 60.0, "a core", figures)
    assert "| this voice, speaking freely | 10.0 % | 11.0 % |" in voice_card(measured)
    assert "3,653,764 parameters" in voice_card(measured)
