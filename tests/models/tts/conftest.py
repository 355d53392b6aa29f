from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, write_wav
from speechtrt.models.data.manifest import Utterance, write_manifest
from speechtrt.models.tts.corpus import Corpus, read_corpus
from speechtrt.models.tts.letters import Pronunciation
from speechtrt.models.tts.pieces import Pieces, write_pieces
from speechtrt.models.tts.recipe import VoiceRecipe

WORDS = {"cat": ("k", "ae", "t"), "ship": ("sh", "ih", "p"), "see": ("s", "iy"), "tax": ("t", "ae", "k", "s")}
TINY = VoiceRecipe(
    hidden=24,
    heads=3,
    layers=1,
    feed_forward=32,
    prenet=16,
    postnet=16,
    speaker=4,
    dropout=0.1,
    seed=3,
    batch=2,
    joined=0.3,
    spelling_steps=2,
    spelling_batch=4,
    spelling_words=2,
    spelling_learning_rate=1e-3,
    spelling_weight=0.3,
    review_rows=2,
    steps=6,
    anneal=2,
    warmup=2,
    learning_rate=1e-3,
    final_learning_rate=1e-4,
    noise=0.1,
    sampled=0.5,
    sampled_from=1,
    sampled_steps=2,
    stop_weight=5.0,
    attention_weight=0.5,
    final_attention_weight=0.1,
    attention_steps=3,
)


def say(folder: Path, number: int, words: list[str]) -> Utterance:
    """A phone is 0.1 s of a tone of its own; 0.1 s of pause on either side."""
    names = ["pau", *(phone for word in words for phone in WORDS[word]), "pau"]
    order = sorted({phone for phones in WORDS.values() for phone in phones})
    pitches = [0.0 if name == "pau" else 0.05 + 0.04 * order.index(name) for name in names]
    tones = np.concatenate([np.sin(np.arange(1600) * pitch) for pitch in pitches])
    samples = 0.3 * tones + 0.01 * np.random.default_rng(number).standard_normal(len(tones))
    audio = f"wav/{number:06d}.wav"
    write_wav(folder / audio, Audio(samples.astype(np.float32), 16_000))
    phones = tuple((name, round(0.1 * (place + 1), 3)) for place, name in enumerate(names))
    return Utterance(f"{number:06d}", " ".join(words), "flite", "slt", audio, 0.1 * len(names), phones)


@pytest.fixture(scope="session")
def spoken_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("voice_data") / "slt"
    rng = np.random.default_rng(4)
    names = sorted(WORDS)
    utterances = [say(folder, number, [str(word) for word in rng.choice(names, 2 + number % 2)]) for number in range(6)]
    write_manifest(folder, utterances)
    return folder


@pytest.fixture(scope="session")
def lexicon() -> list[Pronunciation]:
    return [Pronunciation(list(word), list(phones)) for word, phones in WORDS.items()] * 3


@pytest.fixture(scope="session")
def pieces_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("pieces") / "spm_char.model"
    write_pieces(path)
    return path


@pytest.fixture(scope="session")
def corpus(spoken_set: Path, lexicon: list[Pronunciation], pieces_file: Path) -> Corpus:
    return read_corpus([spoken_set], lexicon, Pieces(pieces_file))


@pytest.fixture
def tiny_voice_recipe() -> VoiceRecipe:
    return TINY
