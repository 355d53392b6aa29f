import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.benchmarks.evaluation.normaliser import NormaliserName, basic, open_normaliser, unspaced


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("It's  HALF-past seven!", "it's half past seven"),
        ("'Quoted' rock 'n' roll", "quoted rock n roll"),
        ("Straße \N{RIGHT SINGLE QUOTATION MARK}s, 5 %", "straße s 5"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}bc", "abc"),
        ("…", ""),
    ],
)
def test_basic(text: str, plain: str) -> None:
    assert basic(text) == plain


@given(st.text())
def test_basic_twice_is_basic(text: str) -> None:
    assert basic(basic(text)) == basic(text)


def test_whisper_knows_english() -> None:
    found = open_normaliser(NormaliserName.WHISPER_EN)
    assert found.apply("Mr. Smith won't pay twenty dollars") == "mister smith will not pay $20"
    assert found.title.startswith("whisper-en (whisper-normalizer 0.")


def test_none_changes_nothing_but_spaces() -> None:
    assert open_normaliser(NormaliserName.NONE).apply(" A,  b ") == "A, b"


def test_scripts_without_spaces_are_known() -> None:
    assert unspaced("今日は天気がいい ok") and unspaced("สวัสดีครับ")
    assert not unspaced("good day 世界") and not unspaced("")
