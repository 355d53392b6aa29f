"""What a chunk needs at least: arithmetic of the model's own modules, and bytes that must be read and written."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from speechtrt.benchmarks.measure.machine import MachineRates, measure_rates
from speechtrt.bundle import Bundle
from speechtrt.models.ctc import load_ctc
from speechtrt.runtime.batching.memory import SLOTS
from speechtrt.specs import TensorSpec

Numbers = dict[str, float]
CHUNKS = 10
FLOAT32 = 4


@dataclass(frozen=True, slots=True)
class ChunkCost:
    """FP32 operations and bytes for a chunk of a stream among `batch`, and what the machine can do."""

    chunk_milliseconds: int
    flops: float
    weight_bytes: int
    state_bytes: int
    batch: int
    rates: MachineRates

    @property
    def bytes(self) -> float:
        """Its share of the weights, which a batch reads once, and its state, of which attention reads all."""
        return self.weight_bytes / self.batch + self.state_bytes

    @property
    def seconds(self) -> float:
        """No faster than either."""
        return max(self.flops / self.rates.flops_per_second, self.bytes / self.rates.bytes_per_second)

    def numbers(self, streams: float) -> Numbers:
        """The floor, and how many times fewer `streams` were served than it would allow."""
        most = self.chunk_milliseconds / 1000 / self.seconds
        prefix = f"floor.chunk_{self.chunk_milliseconds}"
        return {
            "floor.machine_flops_per_second": self.rates.flops_per_second,
            "floor.machine_bytes_per_second": self.rates.bytes_per_second,
            f"{prefix}.flops": self.flops,
            f"{prefix}.bytes": self.bytes,
            f"{prefix}.seconds": self.seconds,
            f"{prefix}.streams": most,
            **({f"{prefix}.streams_ratio": most / streams} if streams else {}),
        }


@dataclass(frozen=True, slots=True)
class CountChunk:
    """Counts in a process of its own, which may load PyTorch."""

    checkpoint: str
    model: Bundle
    chunk_milliseconds: int
    batch: int
    threads: int

    def __call__(self, _workload: object) -> ChunkCost:
        """Count, then measure the machine."""
        ctc, network = self.model.ctc, load_ctc(Path(self.checkpoint))
        assert ctc is not None
        [chunk] = [chunk for chunk in ctc.chunks if chunk.milliseconds == self.chunk_milliseconds]
        frames = CHUNKS * chunk.shift // self.model.audio.hop
        features, lengths = torch.zeros(1, frames, network.config.n_mels), torch.tensor([frames])
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            network(features, lengths, chunk.frames - 1)
        stage = self.model.stage(chunk.stage)
        states = {state.input for state in stage.states}
        return ChunkCost(
            chunk_milliseconds=self.chunk_milliseconds,
            flops=counter.get_total_flops() / CHUNKS,
            weight_bytes=FLOAT32 * sum(p.numel() for p in network.parameters()),
            state_bytes=sum(_bytes(t) for t in stage.inputs if t.name in states),
            batch=self.batch,
            rates=measure_rates(self.threads),
        )


def _bytes(tensor: TensorSpec) -> int:
    """Of one row."""
    return math.prod(tensor.resolve({SLOTS: 1})) * np.dtype(tensor.dtype.value).itemsize
