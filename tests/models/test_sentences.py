import random
import re
from collections.abc import Sequence

from speechtrt.models.data.grammar import load_grammar
from speechtrt.models.data.sentences import MOST_WORDS, Split, sentences, split_of


class Wishing(random.Random):
    """Chooses what is wished for, where it is on offer."""

    def __init__(self, *wishes: str) -> None:
        super().__init__(0)
        self.wishes = set(wishes)

    def choice(self, seq: Sequence[str]) -> str:  # type: ignore[override]
        return next((option for option in seq if option in self.wishes), seq[0])


def test_the_same_seed_says_the_same() -> None:
    assert sentences(50, 3, Split.TRAIN) == sentences(50, 3, Split.TRAIN)
    assert sentences(50, 3, Split.TRAIN) != sentences(50, 4, Split.TRAIN)


def test_splits_share_words_but_no_sentence() -> None:
    train, held_out = sentences(3000, 1, Split.TRAIN), sentences(100, 1, Split.HELD_OUT)
    assert not set(train) & set(held_out)
    assert {split_of(sentence) for sentence in held_out} == {Split.HELD_OUT}
    words, seen = set(" ".join(held_out).split()), set(" ".join(train).split())
    assert len(words & seen) > 0.97 * len(words)


def test_sentences_are_plain_words_and_distinct() -> None:
    made = sentences(500, 2, Split.TRAIN)
    assert len(set(made)) == 500
    assert all(re.fullmatch(r"[a-z']+( [a-z']+)*", sentence) for sentence in made)
    assert max(len(sentence.split()) for sentence in made) <= MOST_WORDS


def test_the_vocabulary_is_about_a_thousand_words() -> None:
    assert 800 <= len(load_grammar().vocabulary) <= 1200


def test_kinds_restrict_the_grammar() -> None:
    numbers = sentences(40, 1, Split.TRAIN, kinds=("number",))
    assert not any("lights" in sentence for sentence in numbers)


def test_the_grammar_can_say_a_command_with_a_time() -> None:
    wishes = Wishing("on", "kitchen", "lights", "at {clock}", "half past {hour}", "seven")
    said = load_grammar().expand("turn {on_off} the {room} {device} {when}", wishes)
    assert said == "turn on the kitchen lights at half past seven"
