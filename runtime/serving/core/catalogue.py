"""Models and voices by name: a table, never a path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.ports import Hearer, Model, Speaker
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.shelf import Shelf

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models of a server, the default of each kind first; `aliases` are other names of models and voices.

    A name stands for the engine set that serves it now.
    """

    speaking: Mapping[str, Shelf[Speaker]]
    hearing: Mapping[str, Shelf[Hearer]]
    aliases: Mapping[str, str]

    @classmethod
    def of(
        cls,
        speakers: Sequence[Opened[Speaker]],
        hearers: Sequence[Opened[Hearer]],
        aliases: Mapping[str, str],
        limits: Limits,
    ) -> "Catalogue":
        """A table of models with different names."""
        return cls(
            {s.model.card.name: Shelf.of(s, limits) for s in speakers},
            {h.model.card.name: Shelf.of(h, limits) for h in hearers},
            aliases,
        )

    @property
    def shelves(self) -> tuple[Shelf[Any], ...]:
        """Every model with all of its open engine sets."""
        return *self.speaking.values(), *self.hearing.values()

    @property
    def speakers(self) -> dict[str, Speaker]:
        """The TTS models by name."""
        return {name: shelf.stable.opened.model for name, shelf in self.speaking.items()}

    @property
    def hearers(self) -> dict[str, Hearer]:
        """The recognition models by name."""
        return {name: shelf.stable.opened.model for name, shelf in self.hearing.items()}

    @property
    def models(self) -> tuple[Model, ...]:
        """Every model."""
        return *self.speakers.values(), *self.hearers.values()

    def shelf(self, model: M) -> Shelf[M]:
        """Where the engine sets of a model are."""
        shelf: Shelf[Any] = self.speaking.get(model.card.name) or self.hearing[model.card.name]
        return shelf

    def named(self, name: str) -> Shelf[Any]:
        """The engine sets of the model of that very name. Raises Refusal."""
        found: Shelf[Any] | None = self.speaking.get(name) or self.hearing.get(name)
        if found is None:
            known = ", ".join(shelf.name for shelf in self.shelves)
            message = f"no model {_shown(name)} is served; expected one of: {known}"
            raise Refusal(Reason.UNKNOWN, message, code="model_not_found", param="model")
        return found

    def speaker(self, name: str | None) -> Speaker:
        """The TTS model of that name or alias, None for the default. Raises Refusal."""
        return self._find(self.speakers, name, "speaks")

    def hearer(self, name: str | None) -> Hearer:
        """The recognition model of that name or alias, None for the default. Raises Refusal."""
        return self._find(self.hearers, name, "transcribes")

    def voice(self, speaker: Speaker, name: str | None) -> str | None:
        """The voice of that name or alias, None for the default. Raises Refusal."""
        if name is None or name in speaker.voices:
            return name
        alias = self.aliases.get(name)
        if alias not in speaker.voices:
            message = f"model {speaker.card.name} has no voice {_shown(name)}; it has {', '.join(speaker.voices)}"
            raise Refusal(Reason.INVALID, message, code="voice_not_found", param="voice")
        return alias

    def named_voice(self, name: str | None) -> tuple[Speaker, str | None]:
        """The voice called `voice`, or `model.voice` as lists of voices say; None for the defaults. Raises Refusal."""
        model, dot, voice = (name or "").rpartition(".")
        speaker = self.speaker(model if dot else None)
        return speaker, self.voice(speaker, voice or None)

    def _find(self, models: Mapping[str, M], name: str | None, verb: str) -> M:
        if name is None and models:
            return next(iter(models.values()))
        found = models.get(name or "") or models.get(self.aliases.get(name or "", ""))
        if found is None:
            known = ", ".join(models) or "none"
            message = f"no model {_shown(name)} {verb} here; expected one of: {known}"
            raise Refusal(Reason.UNKNOWN, message, code="model_not_found", param="model")
        return found


def _shown(name: str | None) -> str:
    return repr(name if name is None or len(name) <= 80 else f"{name[:80]}...")
