"""Who runs engines for a GPU. `engines` may not import the runtime, so the command line hands it in."""

from typing import Protocol

from speechtrt.engine_set import EngineFolder
from speechtrt.engines.gate.comparison import Outputs
from speechtrt.engines.scenario import Playlist


class StagePlayer(Protocol):
    """Runs engines for a GPU through the runtime that serves them."""

    @property
    def device(self) -> str:
        """What they run on, for people."""
        ...

    def answers(self, engines: EngineFolder, playlist: Playlist) -> Outputs:
        """Outputs of the stage's engine over all scenarios. Raises SpeechTRTError."""
        ...
