from pathlib import Path

from transformers import SpeechT5Tokenizer

from speechtrt.models.tts.pieces import LETTERS, MARKS, Pieces, write_pieces


def test_numbers_are_those_of_speecht5s_tokenizer(pieces_file: Path) -> None:
    tokenizer = SpeechT5Tokenizer(str(pieces_file))
    pieces = Pieces(pieces_file)
    text = "it's a cat, is it?"
    assert pieces.ids(pieces.split(text)) == tokenizer(text)["input_ids"]
    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3]) == ["<s>", "<pad>", "</s>", "<unk>"]


def test_case_is_folded(pieces_file: Path) -> None:
    pieces = Pieces(pieces_file)
    assert pieces.split("A Cat") == pieces.split("a cat") == ["▁", "a", "▁", "c", "a", "t", "</s>"]


def test_every_letter_and_mark_is_known(pieces_file: Path) -> None:
    pieces = Pieces(pieces_file)
    ids = pieces.ids(pieces.split(LETTERS + MARKS))
    assert len(set(ids)) == len(LETTERS) + len(MARKS) + 2
    assert 3 not in ids


def test_the_same_pieces_every_time(pieces_file: Path, tmp_path: Path) -> None:
    write_pieces(tmp_path / "again.model")
    again, first = Pieces(tmp_path / "again.model"), Pieces(pieces_file)
    assert [again.ids([piece]) for piece in LETTERS] == [first.ids([piece]) for piece in LETTERS]
