import subprocess
from pathlib import Path

import pytest

from speechtrt.errors import DataError
from speechtrt.models.data.sentences import Split, sentences
from speechtrt.models.language.arpa import perplexity, read_arpa
from speechtrt.models.language.recipe import LanguageRecipe, load_lm_recipe
from speechtrt.models.language.run import ARPA, HOT_WORDS, make_language_model

SHIPPED = Path(__file__).parents[3] / "speechtrt/models/weights/lm"
SMALL = LanguageRecipe(order=2, sentences=500, cutoffs=(1, 2), seed=1, hot_words=("city",))


def test_a_model_is_made_whole_and_again_the_same(tmp_path: Path) -> None:
    figures = make_language_model(SMALL, tmp_path / "a")
    assert make_language_model(SMALL, tmp_path / "b") == figures
    assert (tmp_path / "a" / ARPA).read_bytes() == (tmp_path / "b" / ARPA).read_bytes()
    assert "london" in (tmp_path / "a" / HOT_WORDS).read_text().splitlines()
    assert f"grammar: {figures.perplexity}" in (tmp_path / "a/MODEL_CARD.md").read_text()
    subprocess.run(["sha256sum", "--check", "--quiet", "weights.sha256"], cwd=tmp_path / "a", check=True)


def test_the_shipped_model_is_whole_small_and_knows_held_out_sentences() -> None:
    subprocess.run(["sha256sum", "--check", "--quiet", "weights.sha256"], cwd=SHIPPED, check=True)
    assert (SHIPPED / ARPA).stat().st_size < 2_000_000
    model = read_arpa(SHIPPED / ARPA)
    assert len(model.orders) == load_lm_recipe().order
    assert perplexity(model, sentences(200, 99, Split.HELD_OUT)) < 25


def test_a_malformed_recipe_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lm.toml"
    path.write_text("order = 2\nsentences = 10\ncutoffs = [2, 1]\nseed = 1\nhot_words = []\n")
    with pytest.raises(DataError, match="do not fall"):
        load_lm_recipe(path)
    with pytest.raises(DataError, match="not a LanguageRecipe"):
        load_lm_recipe(tmp_path / "none.toml")
