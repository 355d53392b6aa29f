"""What a family of models offers to the exporter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
from torch import nn

from speechtrt.bundle import AudioSpec, CtcSpec, Limits, ParityRow, Task, TextSpec, TtsSpec, Voice
from speechtrt.export.checkpoint import Checkpoint
from speechtrt.specs import StageSpec

Arrays = Mapping[str, npt.NDArray[np.generic]]
Recordings = Mapping[str, Sequence[Arrays]]


class Runner(Protocol):
    """Runs one exported stage: named inputs to named outputs."""

    def __call__(self, inputs: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """Run once."""


Runners = Mapping[str, Runner]


@dataclass(frozen=True, slots=True)
class Sizes:
    """Smallest and largest size of a named dimension, and one to trace with."""

    smallest: int
    example: int
    largest: int


@dataclass(frozen=True, slots=True)
class StageGraph:
    """A stage before its export. The module takes the spec's inputs in order and returns its outputs as a tuple.

    `sizes` holds the named dimensions that cannot be of any size.
    """

    spec: StageSpec
    module: nn.Module
    sizes: Mapping[str, Sizes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Description:
    """Everything a runtime must know about a model besides its stages; files are relative to the bundle."""

    audio: AudioSpec
    text: TextSpec
    limits: Limits
    tts: TtsSpec | None = None
    ctc: CtcSpec | None = None
    voices: tuple[Voice, ...] = ()


class Model(Protocol):
    """A loaded checkpoint of some family."""

    def describe(self) -> Description:
        """The constants of the model."""

    def stages(self) -> tuple[StageGraph, ...]:
        """Its stages, ready for export."""

    def parity(self, runners: Runners) -> tuple[ParityRow, ...]:
        """Compare every exported stage with the library's own model."""

    def calibration(self, runners: Runners) -> Recordings:
        """Real inputs of every stage, recorded while the exported stages speak or listen."""

    def write_assets(self, folder: Path) -> None:
        """Put tokenizer and voice files into a bundle folder."""


class Family(Protocol):
    """A kind of model: the class names found in a checkpoint's `config.json`, and how to load one."""

    @property
    def name(self) -> str:
        """The name that bundles carry."""

    @property
    def task(self) -> Task:
        """What its models do."""

    @property
    def architecture(self) -> str:
        """The class name in `config.json`."""

    @property
    def model_type(self) -> str:
        """The model type in `config.json`, for checkpoints that name no class."""

    def load(self, checkpoint: Checkpoint) -> Model:
        """Load the weights. Raises CheckpointError."""
