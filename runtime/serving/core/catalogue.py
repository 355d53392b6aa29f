"""Models and voices by name: a table, never a path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from speechtrt.runtime.serving.core.ports import Hearer, Model, ModelCard, Speaker
from speechtrt.runtime.serving.core.refusal import Reason, Refusal

M = TypeVar("M", bound=Model)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The models of a server, the default of each kind first; `aliases` are other names of models and voices."""

    speakers: Mapping[str, Speaker]
    hearers: Mapping[str, Hearer]
    aliases: Mapping[str, str]

    @classmethod
    def of(cls, speakers: Sequence[Speaker], hearers: Sequence[Hearer], aliases: Mapping[str, str]) -> "Catalogue":
        """A table of models with different names."""
        return cls({s.card.name: s for s in speakers}, {h.card.name: h for h in hearers}, aliases)

    @property
    def models(self) -> tuple[Model, ...]:
        """Every model."""
        return *self.speakers.values(), *self.hearers.values()

    @property
    def cards(self) -> tuple[ModelCard, ...]:
        """The card of every model."""
        return tuple(model.card for model in self.models)

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
