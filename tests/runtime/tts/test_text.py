"""What is written, and how it is spoken."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.errors import TextError
from speechtrt.runtime.tts import numbers
from speechtrt.runtime.tts.normalisation import normalise
from speechtrt.runtime.tts.sentences import split_sentences
from speechtrt.runtime.tts.text import FrontEnd
from tests.runtime.fakes import LetterEncoder


@pytest.mark.parametrize(
    ("written", "spoken"),
    [
        ("7 and 12 and 80", "seven and twelve and eighty"),
        ("342 eggs", "three hundred and forty two eggs"),
        ("1,000,001", "one million and one"),
        ("2345", "two thousand three hundred and forty five"),
        ("call 0551", "call zero five five one"),
        ("12345678901234567", "one two three four five six seven eight nine zero one two three four five six seven"),
        ("3.14", "three point one four"),
        (".5 or -5", "zero point five or minus five"),
        ("3-5", "three to five"),
        ("1/2", "one over two"),
        ("in 1987", "in nineteen eighty seven"),
        ("in 1905 or 2007", "in nineteen oh five or two thousand and seven"),
        ("in 1900, 2000 or 2026", "in nineteen hundred, two thousand or twenty twenty six"),
        ("the 1990s", "the nineteen nineties"),
        ("2026-11-22", "the twenty second of November twenty twenty six"),
        ("the 1st, 2nd, 3rd, 12th and 20th", "the first, second, third, twelfth and twentieth"),
        ("the 101st", "the one hundred and first"),
        ("at 7:30", "at seven thirty"),
        ("at 7:05", "at seven oh five"),
        ("at 7:00", "at seven o'clock"),
        ("at 7:30 p.m.", "at seven thirty p m"),
        ("10am", "ten a m"),
        ("15:00", "fifteen hundred"),
        ("10:30-11:00", "ten thirty to eleven o'clock"),
        ("$5", "five dollars"),
        ("$1", "one dollar"),
        ("$5.20", "five dollars and twenty cents"),
        ("£0.50", "fifty pence"),
        ("€1,200.01", "one thousand two hundred euros and one cent"),
        ("$1.5 million", "one point five million dollars"),
        ("3.5%", "three point five percent"),
        ("20\N{DEGREE SIGN}", "twenty degrees"),
        ("you & me", "you and me"),
        ("Dr. Smith vs. Mrs. Jones, etc.", "doctor Smith versus missis Jones, et cetera"),
        ("Dr Smith", "Dr Smith"),
        ("it\N{RIGHT SINGLE QUOTATION MARK}s", "it's"),
        ("one\n  two\tthree", "one two three"),
        ("well-known", "well-known"),
    ],
)
def test_what_is_written_becomes_words(written: str, spoken: str) -> None:
    assert normalise(written) == spoken


@given(st.text(max_size=60))
def test_no_plain_digit_is_left(text: str) -> None:
    assert not any(c in "0123456789" for c in normalise(text))


@given(st.integers(0, 10**18))
def test_every_number_has_words(number: int) -> None:
    assert all(word.isalpha() for word in numbers.cardinal(number).split())
    assert numbers.ordinal(number).split()[-1] not in numbers.ONES


def fits(text: str) -> bool:
    return len(text) <= 20


def test_text_is_split_where_it_hurts_least() -> None:
    text = 'Hello there. "Who?" she asked, as she had often done. Fine!'
    assert split_sentences(text, fits) == [
        "Hello there.",
        '"Who?"',
        "she asked,",
        "as she had",
        "often done.",
        "Fine!",
    ]


def test_a_word_without_end_is_cut() -> None:
    assert split_sentences("a" * 50 + " b.", fits) == ["a" * 12, "a" * 13, "a" * 12, "a" * 13 + " b."]


@given(st.text(alphabet='ab .,!?"', max_size=200))
def test_pieces_fit_and_nothing_is_lost(text: str) -> None:
    pieces = split_sentences(text, fits)
    assert all(fits(p) for p in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def front_end(known: str = "abcdefghijklmnopqrstuvwxyz '") -> FrontEnd:
    return FrontEnd(LetterEncoder(known), ("en",), max_tokens=20)


def test_a_long_text_becomes_sentences_that_the_model_takes() -> None:
    script = front_end().prepare("this is a very long text, which has no end that is near")
    assert len(script.sentences) == 4
    assert all(len(s.tokens) <= 20 for s in script.sentences)


def test_parts_of_a_sentence_are_about_as_long() -> None:
    pieces = split_sentences("one two three four five six seven", lambda text: len(text) <= 30)
    assert pieces == ["one two three four", "five six seven"]


def test_no_part_is_longer_than_a_breath() -> None:
    script = FrontEnd(LetterEncoder(), ("en",), max_tokens=5000).prepare("and so it goes on " * 100)
    assert len(script.sentences) == 4
    assert max(len(s.tokens) for s in script.sentences) <= 600


def test_pauses_follow_punctuation() -> None:
    script = front_end().prepare('"well done." he said, and this is what came, word by word. end')
    assert [s.pause for s in script.sentences] == [0.2, 0.0, 0.1, 0.2, 0.0]


def test_sentences_without_a_letter_are_dropped() -> None:
    assert len(front_end().prepare("hello. ... !").sentences) == 1


def test_unknown_letters_are_reported_and_punctuation_is_not() -> None:
    assert front_end().prepare("hello, world!").warnings == ()
    [warning] = front_end().prepare("hello \N{GREEK SMALL LETTER ALPHA}").warnings
    assert "\N{GREEK SMALL LETTER ALPHA}" in warning


@pytest.mark.parametrize(
    "text", ["", " \n", "?!", "\N{SNOWMAN}", "\N{GRINNING FACE}" * 9, "\ud83d", "\0", "\0\udc00 \n"]
)
def test_what_cannot_be_spoken_is_refused(text: str) -> None:
    with pytest.raises(TextError):
        front_end().prepare(text)


@pytest.mark.parametrize(
    "dirt", ["\0", "\ud83d", "\udc00\ud800", "\N{GRINNING FACE}", "\x1b[0m", "\N{ZERO WIDTH JOINER}"]
)
def test_what_cannot_be_spoken_leaves_the_rest(dirt: str) -> None:
    assert len(front_end().prepare(f"hello{dirt} world").sentences) == 1


def test_a_text_without_end_is_refused() -> None:
    with pytest.raises(TextError, match="1000000 characters; expected at most 50000"):
        front_end().prepare("a" * 1_000_000)


@pytest.mark.parametrize("language", ["en", "EN", "en-US", "en_GB", None])
def test_every_english_is_english(language: str | None) -> None:
    assert front_end().prepare("hello", language).sentences


def test_a_language_that_the_model_lacks_is_refused() -> None:
    with pytest.raises(TextError, match="does not speak 'de'; expected en"):
        front_end().prepare("hallo", "de")


def test_other_languages_keep_their_digits() -> None:
    german = FrontEnd(LetterEncoder("abcdefghijklmnopqrstuvwxyz 0123456789"), ("de",), max_tokens=20)
    assert len(german.prepare("am 7 mai").sentences[0].tokens) == 8


def test_accents_that_the_model_does_not_know_are_dropped() -> None:
    e_acute = "\N{LATIN SMALL LETTER E WITH ACUTE}"
    plain = front_end().prepare("cafe Era")
    accented = front_end().prepare(f"caf{e_acute} {e_acute.upper()}ra")
    assert accented.warnings == ()
    assert (accented.sentences[0].tokens == plain.sentences[0].tokens).all()
    kept = front_end(f"cafer {e_acute}").prepare(f"caf{e_acute}")
    assert kept.sentences[0].tokens[-1] == 7
