"""What makes the decoders of a model's streams."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from speechtrt.runtime.asr.decoding.base import Decoding, DecodingChoice, Labels
from speechtrt.runtime.asr.decoding.beam import BeamDecoder
from speechtrt.runtime.asr.decoding.fusion import Fusion
from speechtrt.runtime.asr.decoding.greedy import GreedyDecoder
from speechtrt.runtime.asr.decoding.hot_words import HotWords
from speechtrt.runtime.asr.decoding.language_model import LanguageModel
from speechtrt.runtime.asr.decoding.options import GREEDY, DecodingOptions, HotPhrase
from speechtrt.runtime.asr.decoding.spelling import Spelling

MOST_REMEMBERED = 8  # combinations of options; hot words are the larger part


@dataclass(slots=True)
class Decoders:
    """Opens a language model once for all streams, and spells hot words once for those that have the same.

    For any thread.
    """

    labels: Labels
    default: DecodingChoice
    _models: dict[Path, LanguageModel] = field(default_factory=dict)
    _fusions: dict[DecodingOptions, Fusion] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def open(cls, labels: Labels, default: DecodingChoice) -> "Decoders":
        """Read what the default needs before the first stream comes. Raises DataError or TextError."""
        found = cls(labels, default)
        found.decoder()
        return found

    @property
    def options(self) -> DecodingOptions:
        """The default; greedy if it is a decoder of the caller's own."""
        return self.default if isinstance(self.default, DecodingOptions) else GREEDY

    def decoder(self, decoding: DecodingChoice | None = None) -> Decoding:
        """A decoder for one stream; None is the default. Raises DataError for a model, TextError for hot words."""
        chosen = decoding or self.default
        if not isinstance(chosen, DecodingOptions):
            return chosen(self.labels)
        if chosen.beam is None:
            return GreedyDecoder(self.labels)
        with self._lock:
            fusion = self._fusion(chosen)
        return BeamDecoder(self.labels, fusion, chosen.beam, chosen.alternatives)

    def _fusion(self, options: DecodingOptions) -> Fusion:
        found = self._fusions.get(options)
        if found is None:
            model = self._model(options.lm) if options.lm else None
            hot = self._hot_words(options.hot_words) if options.hot_words else None
            found = Fusion(self.labels.texts, model, options.lm_weight, options.bonus, hot)
            if len(self._fusions) >= MOST_REMEMBERED:
                self._fusions.clear()
            self._fusions[options] = found
        return found

    def _model(self, path: Path) -> LanguageModel:
        if path not in self._models:
            model = LanguageModel.open(path)
            Spelling.of(self.labels.texts).expect_words(path, model.spelled)
            self._models[path] = model
        return self._models[path]

    def _hot_words(self, phrases: Sequence[HotPhrase]) -> HotWords:
        spelling = Spelling.of(self.labels.texts)
        return HotWords.of([spelling.phrase(phrase) for phrase in phrases], self.labels.texts)
