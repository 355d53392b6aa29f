"""What commands about engines are handed: it needs the runtime and the metrics, which `engines` may not import."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from speechtrt.engines.gate.execution import StagePlayer
    from speechtrt.engines.gate.quality import QualityCheck


@dataclass(frozen=True, slots=True)
class Judges:
    """`quality` makes the check of speech; `player` finds who runs engines for a GPU, or None where there is no GPU."""

    quality: "Callable[[], QualityCheck] | None" = None
    player: "Callable[[], StagePlayer | None]" = lambda: None


NO_JUDGES = Judges()
