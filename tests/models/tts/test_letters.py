from itertools import pairwise

import pytest

from speechtrt.models.tts.letters import Pronunciation, align, learn_letters

SPOKEN = {
    "cat": "k ae t",
    "act": "ae k t",
    "tack": "t ae k",
    "back": "b ae k",
    "tax": "t ae k s",
    "sat": "s ae t",
    "tab": "t ae b",
    "bat": "b ae t",
    "ax": "ae k s",
    "shack": "sh ae k",
    "ash": "ae sh",
    "hash": "hh ae sh",
    "hat": "hh ae t",
}
WORDS = [Pronunciation(list(word), phones.split()) for word, phones in SPOKEN.items()]
MODEL = learn_letters(WORDS)


def spoken(word: str, phones: str) -> list[str]:
    names = phones.split()
    spans = align(MODEL, Pronunciation(list(word), names))
    assert spans is not None
    return ["_".join(names[first:last]) for first, last in spans]


def test_each_letter_gets_its_phone() -> None:
    assert spoken("cab", "k ae b") == ["k", "ae", "b"]


def test_one_letter_may_speak_two_phones() -> None:
    assert spoken("bax", "b ae k s") == ["b", "ae", "k_s"]


def test_two_letters_may_speak_one_phone() -> None:
    assert sorted(spoken("bash", "b ae sh")) == ["", "ae", "b", "sh"]


def test_pauses_belong_to_spaces_and_marks() -> None:
    letters = ["▁", "c", "a", "t", ",", "▁", "b", "a", "t", "</s>"]
    phones = ["pau", "k", "ae", "t", "pau", "b", "ae", "t", "pau"]
    spans = align(MODEL, Pronunciation(letters, phones))
    assert spans is not None
    owners = [letters[place] for place, (first, last) in enumerate(spans) for _ in range(first, last)]
    assert owners[0] == "▁" and owners[4] in {",", "▁"} and owners[-1] == "</s>"
    assert [owners[index] for index in (1, 2, 3, 5, 6, 7)] == list("catbat")


def test_spans_cover_all_phones_in_order() -> None:
    for word in WORDS:
        spans = align(MODEL, word)
        assert spans is not None
        assert [spans[0][0], spans[-1][1]] == [0, len(word.phones)]
        assert all(before[1] == after[0] for before, after in pairwise(spans))


@pytest.mark.parametrize(("word", "phones"), [("a", "k ae t s b t"), ("cat", "k pau ae t")])
def test_what_cannot_be_spoken_is_refused(word: str, phones: str) -> None:
    assert align(MODEL, Pronunciation(list(word), phones.split())) is None
