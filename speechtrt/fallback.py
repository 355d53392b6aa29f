"""How it was found which nodes of a graph a lower precision must spare: part of `engine.json`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GroupError:
    """Nodes that are lowered or spared together, and the relative error that lowering them makes by itself.

    `error` is of their own results, on activations of the reference precision; `effect` is that of the stage's outputs
    when nothing else is lowered. None is what is not finite or, for `effect`, was not measured. `weights` counts the
    values of their constant factors.
    """

    nodes: tuple[str, ...]
    weights: int
    error: float | None
    spared: bool = False
    effect: float | None = None


@dataclass(frozen=True, slots=True)
class SearchStep:
    """One attempt: with the `spared` worst groups back in the reference precision, did the gate pass?

    `remedy` says how nodes were made to err less without sparing any.
    """

    spared: int
    share: float
    passed: bool
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class FallbackSearch:
    """Every group, the worst first, and every attempt in the order it was made; no groups if none had to be spared.

    `share` of a step is that part of all weights that could be lowered which was lowered.
    """

    groups: tuple[GroupError, ...]
    steps: tuple[SearchStep, ...]

    @property
    def found(self) -> bool:
        """Whether some share could be lowered."""
        return any(step.passed for step in self.steps)
