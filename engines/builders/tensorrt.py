"""TensorRT, and TensorRT-RTX, whose engines are built ahead of time on any machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechtrt.engine_set import EngineStage, NodePolicy, Profile
from speechtrt.engine_types import find_disagreement
from speechtrt.engines.builders.flavour import Flavour
from speechtrt.engines.builders.network import (
    compile_network,
    deserialise,
    messages,
    parse_network,
    summary,
)
from speechtrt.engines.builders.network_types import check_policy
from speechtrt.engines.builders.plan_contents import check_layers, check_plan
from speechtrt.engines.graph import Graph
from speechtrt.errors import BuildError, PrecisionError
from speechtrt.plan import read_plan

NO_DRIVER = "cudaError"
TIMINGS = Path("build/cache/timing.cache")


@dataclass(frozen=True, slots=True)
class TensorRTBuilder:
    """Strongly typed: the graph alone decides the precision. `target`: see `compile_network`."""

    flavour: Flavour
    timings: Path = TIMINGS
    target: str = ""
    suffix: str = ".engine"

    def build(self, graph: Graph, profiles: tuple[Profile, ...], policy: tuple[NodePolicy, ...] = ()) -> bytes:
        """See EngineBuilder."""
        with messages(self.flavour) as said:
            parsed = parse_network(self.flavour, graph, said)
            check_policy(self.flavour, parsed[1], policy)
            engine = compile_network(self.flavour, parsed, graph, profiles, said, self.timings, self.target)
        check_plan(self.flavour.label, engine, graph, policy)
        if self.flavour.ahead_of_time:
            check_layers(self.flavour.label, engine, graph, policy)
        return engine

    def open(self, path: Path, stage: EngineStage) -> str:
        """See EngineBuilder. Reading an engine back needs a CUDA driver; a header does not."""
        if self.flavour.ahead_of_time:
            self._check_header(path)
        with messages(self.flavour) as said:
            if (engine := deserialise(self.flavour, path.read_bytes())) is not None:
                self._check_types(path, engine, stage)
                return ""
            if any(NO_DRIVER in message for message in said):
                return "not opened: this machine has no CUDA driver"
            raise BuildError(f"{path}: {self.flavour.label} refuses this engine: {summary(said)}; build it again")

    def _check_types(self, path: Path, engine: Any, stage: EngineStage) -> None:
        if found := find_disagreement(self.flavour.load(), engine, stage):
            raise PrecisionError(f"{path}: {found}; build it again")

    def _check_header(self, path: Path) -> None:
        found, here = read_plan(path).version, self.flavour.version()
        if found != here:
            raise BuildError(f"{path}: was built with {self.flavour.label} {found}, this is {here}; build it again")
