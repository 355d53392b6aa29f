"""What an engine set must pass before it serves anybody in the place of another."""

from dataclasses import dataclass

from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.serving.core.opened import Opened
from speechtrt.runtime.serving.core.ports import Model, Speaker
from speechtrt.runtime.serving.core.refusal import Reason, Refusal
from speechtrt.runtime.serving.core.specimen import Specimen, length_ratio, spectrum_difference, word_disagreement


@dataclass(frozen=True, slots=True)
class Check:
    """One figure and its limit."""

    metric: str
    value: float
    limit: float

    @property
    def passed(self) -> bool:
        """Whether it is within the limit; a NaN is not."""
        return self.value <= self.limit

    def __str__(self) -> str:
        return f"{self.metric} {self.value:.3g}, at most {self.limit:g} is accepted"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """How far an engine set may be from the one that serves, over the same recordings and texts.

    `word_disagreement` is the share of words not in common, `length_ratio` the larger over the smaller length of one
    sentence, `spectrum_decibels` the mean distance of the long-term spectra.
    """

    word_disagreement: float = 0.3
    length_ratio: float = 1.5
    spectrum_decibels: float = 6.0

    def expect_sound(self, folder: EngineFolder, name: str) -> None:
        """Raise Refusal unless the manifest is of model `name` and says that the engines passed their gate."""
        manifest = folder.manifest
        if manifest.model.name != name:
            raise rejected(f"{folder.path}: is of the model {manifest.model.name}; expected one of {name}")
        if failed := [row for row in manifest.gate if not row.passed]:
            row = failed[0]
            raise rejected(
                f"{folder.path}: {row.stage} has not passed its gate ({row.metric} {row.value}, limit {row.limit}); "
                "build it again"
            )

    def expect_alike(self, opened: Opened[Model], stable: Opened[Model]) -> None:
        """Raise Refusal unless clients of `stable` may be served by `opened`."""
        expect_compatible(opened.model, stable.model)
        if opened.specimen and stable.specimen:
            for check in self.checks(opened.specimen, stable.specimen):
                if not check.passed:
                    raise rejected(f"{opened.folder}: differs too much from what is served: {check}")

    def checks(self, one: Specimen, other: Specimen) -> tuple[Check, ...]:
        """Every comparison of two specimens of the same inputs."""
        return (
            Check("word disagreement", word_disagreement(one.said, other.said), self.word_disagreement),
            Check("length ratio", length_ratio(one.spoken, other.spoken), self.length_ratio),
            Check("spectrum difference in dB", spectrum_difference(one.spoken, other.spoken), self.spectrum_decibels),
        )


def expect_compatible(new: Model, old: Model) -> None:
    """Raise Refusal when a request that `old` serves means nothing to `new`."""
    if new.card.rate != old.card.rate:
        raise rejected(f"its sample rate is {new.card.rate} Hz; expected {old.card.rate}, as clients were told")
    if lost := set(old.card.languages) - set(new.card.languages):
        raise rejected(f"it lacks the language {min(lost)}, which is served now")
    if isinstance(old, Speaker) and (missing := set(old.voices) - set(new.voices if isinstance(new, Speaker) else ())):
        raise rejected(f"it lacks the voice {min(missing)}, which is served now")


def rejected(message: str) -> Refusal:
    """The refusal of an engine set that did not pass."""
    return Refusal(Reason.CONFLICT, message, code="engines_rejected", param="engines")
