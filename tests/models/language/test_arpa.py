import gzip
from pathlib import Path

import pytest

from speechtrt.errors import DataError
from speechtrt.models.language.arpa import perplexity, read_arpa, write_arpa
from speechtrt.models.language.counts import BEGIN
from speechtrt.models.language.kneser_ney import estimate

TEXT = ["turn on the light", "turn off the light", "turn on the radio", "the light is on"] * 3


def test_a_written_model_reads_back(tmp_path: Path) -> None:
    model = estimate(TEXT, 3, (1, 1, 2))
    size = write_arpa(tmp_path / "m.arpa.gz", model)
    read = read_arpa(tmp_path / "m.arpa.gz")
    assert size == (tmp_path / "m.arpa.gz").stat().st_size
    assert [len(order) for order in read.orders] == [len(order) for order in model.orders]
    for history, word in [((BEGIN,), "turn"), (("turn", "on"), "the"), (("is",), "radio"), ((), "nothing")]:
        assert read.log_probability(history, word) == pytest.approx(model.log_probability(history, word), abs=1e-3)


def test_the_same_model_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_arpa(tmp_path / name, estimate(TEXT, 2, (1, 1)))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_text_is_arpa(tmp_path: Path) -> None:
    write_arpa(tmp_path / "m.arpa.gz", estimate(["a b", "a b"], 2, (1, 1)))
    lines = gzip.decompress((tmp_path / "m.arpa.gz").read_bytes()).decode().splitlines()
    assert lines[:3] == ["\\data\\", "ngram 1=5", "ngram 2=3"]
    assert lines[-1] == "\\end\\"
    assert [line.split("\t")[1] for line in lines[5:10]] == ["</s>", "<s>", "<unk>", "a", "b"]


def test_perplexity_is_lower_for_text_like_the_text_it_learned() -> None:
    model = estimate(TEXT, 3, (1, 1, 1))
    assert perplexity(model, ["turn off the radio"]) < perplexity(model, ["radio the off turn"]) / 3


@pytest.mark.parametrize(
    "data", [b"", b"not gzip", gzip.compress(b"\\data\\\n"), gzip.compress(b"\\1-grams:\nx\n\\end\\")]
)
def test_what_is_no_model_is_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m.arpa.gz").write_bytes(data)
    with pytest.raises(DataError, match="not a compressed ARPA model"):
        read_arpa(tmp_path / "m.arpa.gz")
