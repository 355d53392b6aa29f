from pathlib import Path

import pytest

from speechtrt.errors import DataError
from speechtrt.models.data.sentences import Split, split_of
from speechtrt.models.tts.lexicon import make_lexicon, read_lexicon
from speechtrt.models.tts.open_text import dictionary_words, open_sentences
from speechtrt.models.tts.pieces import LETTERS, MARKS, Pieces

WORDS = ["banana", "yodel", "quartz", "incomprehensibilities"]


def test_words_are_lower_case_and_no_possessives(tmp_path: Path) -> None:
    (tmp_path / "words").write_text("Adam\nadam's\nbanana\nBerlin\nisn't\nécole\nyodel\nx\n")
    assert dictionary_words(tmp_path / "words") == ["banana", "isn't", "yodel"]


def test_a_missing_word_list_names_its_package(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="wamerican"):
        dictionary_words(tmp_path / "words")


def test_sentences_use_only_what_the_voice_can_read(pieces_file: Path) -> None:
    texts = open_sentences(200, 3, WORDS)
    assert set("".join(texts)) <= set(LETTERS + MARKS + " ")
    pieces = Pieces(pieces_file)
    assert all(3 not in pieces.ids(pieces.split(text)) for text in texts)


def test_sentences_are_seeded_punctuated_and_open() -> None:
    texts = open_sentences(200, 3, WORDS)
    assert texts == open_sentences(200, 3, WORDS)
    assert texts != open_sentences(200, 4, WORDS)
    assert sum("banana" in text for text in texts) > 20
    assert not any("incomprehensibilities" in text for text in texts)
    assert sum(text.endswith(".") for text in texts) > 60
    assert any("," in text for text in texts)


def test_held_out_sentences_stay_out() -> None:
    bare = [text.rstrip(".?!") for text in open_sentences(400, 5, WORDS)]
    plain = [text for text in bare if not set(text) & set(MARKS)]
    assert len(plain) > 50
    assert all(split_of(text) is Split.TRAIN for text in plain)


@pytest.mark.system
def test_flite_pronounces_words(tmp_path: Path) -> None:
    make_lexicon(tmp_path / "lexicon.jsonl", ["banana", "isn't", "yodel"])
    spoken = {"".join(item.letters): " ".join(item.phones) for item in read_lexicon(tmp_path / "lexicon.jsonl")}
    assert spoken["banana"] == "b ax n ae n ax"
    assert list(spoken) == ["banana", "isn't", "yodel"]
