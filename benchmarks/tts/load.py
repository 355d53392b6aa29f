"""The fixed set of texts that all sides speak."""

import tomllib
from dataclasses import dataclass
from importlib import resources

QUICK_TEXTS = 3
SINGLE_TEXTS = 4
SHORTEST_FIRST_FRACTION = 0.75
REPEATS = 2  # of the texts for a model that speaks freely and so shortly that one pass would not be steady


@dataclass(frozen=True, slots=True)
class Utterance:
    """One request. `steps` fixes the number of decoder steps; None leaves the end to the model."""

    text: str
    steps: int | None = None


@dataclass(frozen=True, slots=True)
class TtsLoad:
    """The load of a text-to-speech result, as its document states it; `scenarios` in words, by name."""

    model: str
    weights: str
    utterances: int
    characters: int
    steps: str
    scenarios: dict[str, str]
    baseline: str
    optimised: str
    slots: int
    threads: int
    trials: int
    seed: int


def shipped_texts(quick: bool) -> tuple[str, ...]:
    """The shipped texts in order of arrival; the shortest few when `quick`."""
    source = resources.files("speechtrt.benchmarks.tts").joinpath("texts.toml")
    texts: list[str] = tomllib.loads(source.read_text())["texts"]
    return tuple(sorted(texts, key=len)[:QUICK_TEXTS] if quick else texts)


def spoken_freely(texts: tuple[str, ...], quick: bool) -> tuple[Utterance, ...]:
    """Utterances that end when the model says so; all texts several times over unless `quick`."""
    return tuple(Utterance(text) for text in texts) * (1 if quick else REPEATS)


def spoken_in_steps(texts: tuple[str, ...], steps_per_character: float) -> tuple[Utterance, ...]:
    """Utterances of a length proportional to their text, for models that cannot tell where speech ends."""
    return tuple(Utterance(text, max(1, round(len(text) * steps_per_character))) for text in texts)


def singles(utterances: tuple[Utterance, ...]) -> tuple[Utterance, ...]:
    """The utterances that are also spoken one at a time: of even spread among the shorter ones."""
    order = sorted(utterances, key=lambda u: len(u.text))
    shorter = order[: max(1, round(len(order) * SHORTEST_FIRST_FRACTION))]
    stride = max(1, len(shorter) // SINGLE_TEXTS)
    return tuple(shorter[::stride][:SINGLE_TEXTS])


def middling(utterances: tuple[Utterance, ...], count: int) -> tuple[Utterance, ...]:
    """The `count` utterances whose texts are nearest to the mean length: a small load with the cost of the whole."""
    mean = sum(len(u.text) for u in utterances) / len(utterances)
    return tuple(sorted(utterances, key=lambda u: abs(len(u.text) - mean))[:count])
