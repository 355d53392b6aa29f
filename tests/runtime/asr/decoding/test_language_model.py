"""ARPA files read into arrays, against the back-off model that wrote the shipped one."""

import gzip
import math
from pathlib import Path

import pytest

from speechtrt.errors import DataError
from speechtrt.models.data.sentences import Split, sentences
from speechtrt.models.language.arpa import read_arpa
from speechtrt.runtime.asr.decoding.language_model import LanguageModel
from speechtrt.runtime.asr.decoding.shipped import language_model_file

ARPA = """\\data\\
ngram 1=5
ngram 2=2

\\1-grams:
-1.0 </s>
-99 <s> -0.5
-2.0 <unk>
-0.5 ab -0.25
-1.5 ac

\\2-grams:
-0.1 <s> ab
-0.2 ab ac

\\end\\
"""
LN10 = math.log(10)


@pytest.fixture
def tiny(tmp_path: Path) -> LanguageModel:
    path = tmp_path / "tiny.arpa"
    path.write_text(ARPA)
    return LanguageModel.open(path)


@pytest.fixture(scope="module")
def shipped() -> LanguageModel:
    return LanguageModel.open(language_model_file("words"))


def test_known_pairs_have_their_own_probability_and_others_back_off(tiny: LanguageModel) -> None:
    first, history = tiny.score(tiny.begin, "ab")
    assert first == pytest.approx(-0.1 * LN10)
    assert tiny.score(history, "ac")[0] == pytest.approx(-0.2 * LN10)
    assert tiny.score(history, "ab")[0] == pytest.approx((-0.25 - 0.5) * LN10)
    assert tiny.score(tiny.begin, "ac")[0] == pytest.approx((-0.5 - 1.5) * LN10)
    assert tiny.score((), "zz")[0] == pytest.approx(-2.0 * LN10)
    assert tiny.end(history) == pytest.approx((-0.25 - 1.0) * LN10)


def test_a_beginning_hopes_for_its_likeliest_word(tiny: LanguageModel) -> None:
    assert tiny.hope("a") == pytest.approx(-0.5 * LN10)
    assert tiny.hope("ac") == pytest.approx(-1.5 * LN10)
    assert tiny.hope("b") == tiny.hope("abc") == pytest.approx(-2.0 * LN10)


def test_the_shipped_model_is_read_as_it_was_written(shipped: LanguageModel) -> None:
    written = read_arpa(language_model_file("words"))
    for sentence in sentences(50, 31, Split.HELD_OUT):
        history, before = shipped.begin, tuple(["<s>"])
        for word in (*sentence.split(), "zebra", "</s>"):
            found, history = shipped.score(history, word)
            assert found == pytest.approx(written.log_probability(before, word) * LN10, abs=1e-4)
            before = (*before, word)


def test_what_is_remembered_is_bounded(shipped: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("speechtrt.runtime.asr.decoding.language_model.MOST_REMEMBERED", 10)
    for word in shipped.spelled[:100]:
        shipped.score((), word)
        shipped.hope(word)
    assert len(shipped._scores) <= 10 and len(shipped._hopes) <= 10


def test_a_model_without_an_unknown_word_gives_it_the_least_chance(tmp_path: Path) -> None:
    path = tmp_path / "closed.arpa"
    path.write_text("\\data\\\nngram 1=2\n\n\\1-grams:\n-1 a\n-3 b\n\n\\end\\\n")
    model = LanguageModel.open(path)
    assert model.score(model.begin, "zz")[0] == model.hope("zz") == pytest.approx(-3 * LN10)
    assert model.end(()) == 0.0


def test_a_packed_file_may_have_any_name(tmp_path: Path) -> None:
    path = tmp_path / "model.bin"
    path.write_bytes(gzip.compress(ARPA.encode()))
    assert LanguageModel.open(path).spelled == ["ab", "ac"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "has no \\data\\ section"),
        (b"not a model\n" * 200, "has no \\data\\ section"),
        (b"\x1f\x8b broken", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (ARPA.replace("-0.5 ab -0.25", "x ab").encode(), "line 9 is no n-gram"),
        (ARPA.replace("-0.2 ab ac", "-0.2 ab zz").encode(), "line 14 is no n-gram"),
        (ARPA.replace("-1.5 ac", "nan ac").encode(), "line 10 is no n-gram"),
        (ARPA.replace("-1.5 ac", "-1.5 ac 1 2").encode(), "line 10 is no n-gram"),
        (ARPA.replace("ngram 2=2", "ngram 2=x").encode(), "line 3 is no number of n-grams"),
        (ARPA.replace("ngram 2=2", "ngram 2=3").encode(), "but announces [5, 3]"),
        (ARPA.replace("-0.2 ab ac", "-0.2 <s> ab").encode(), "there twice"),
        (b"\\data\\\nngram 1=2\n\n\\1-grams:\n-1 <s>\n-1 </s>\n\n\\end\\\n", "has no words"),
        (b"\\data\\\nngram 1=0\n\n\\1-grams:\n\n\\end\\\n", "has no words"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.arpa"
    path.write_bytes(content)
    with pytest.raises(DataError) as refused:
        LanguageModel.open(path)
    message = str(refused.value)
    assert reason in message and str(path) in message and "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: cannot be read"):
        LanguageModel.open(tmp_path / "none")


def test_a_name_is_a_file_or_a_shipped_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert language_model_file("words").name == "words.arpa.gz"
    assert language_model_file("none") == Path("none")
    (tmp_path / "words").write_text("")
    assert language_model_file("words") == Path("words")
