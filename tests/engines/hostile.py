"""A bundle of plain residual blocks into which channels are planted that eight or sixteen bits cannot hold."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from onnx import ModelProto

from speechtrt.bundle import ChunkSpec, CtcSpec, Task
from tests.engines import tiny_graphs as tiny
from tests.engines.tiny_bundles import add_stage, write_manifest, write_samples

WIDTH, BLOCKS = 32, 6
STAGE = "encoder"


def write_hostile_bundle(folder: Path, outliers: Collection[str], gain: float) -> Path:
    """`outliers` names products (`up_2`, `down_0`) whose activations have one channel `gain` times too large."""
    stage = add_stage(folder, STAGE, blocks(outliers, gain), (), 0)
    random = np.random.default_rng(9)
    write_samples(folder, STAGE, [{"x": random.normal(0, 1, (2, 9, WIDTH)).astype(np.float32)} for _ in range(6)])
    chunk = ChunkSpec(STAGE, 160, 9, 128, 128, 0)
    return write_manifest(folder, "hostile", Task.CTC, [stage], ctc=CtcSpec(WIDTH - 1, 0.08, (chunk,)))


def everything() -> list[str]:
    return [f"{kind}_{block}" for block in range(BLOCKS) for kind in ("up", "down")]


def blocks(outliers: Collection[str], gain: float) -> ModelProto:
    """A planted channel is undone by its row of the next weight, so the function stays an ordinary one."""
    d = tiny.Draft(11)
    x = d.input("x", tiny.F32, "rows", "frames", WIDTH)
    for block in range(BLOCKS):
        y = d.norm(x, WIDTH)
        y = product(d, y, f"up_{block}", gain if f"up_{block}" in outliers else 1.0)
        y = d.op("Relu", d.op("Add", y, d.weight(WIDTH)))
        y = product(d, y, f"down_{block}", gain if f"down_{block}" in outliers else 1.0)
        x = d.op("Add", x, y)
    d.op("Identity", x, to="hidden")
    d.output("hidden", tiny.F32, "rows", "frames", WIDTH)
    return d.model()


def product(d: tiny.Draft, x: str, name: str, gain: float) -> str:
    """`x` times a weight, through a channel that is `gain` times larger."""
    channel = np.ones(WIDTH, np.float32)
    channel[3] = gain
    weight = d.random.normal(0, WIDTH**-0.5, (WIDTH, WIDTH)).astype(np.float32) / channel[:, None]
    if gain != 1.0:
        x = d.op("Mul", x, d.const(channel, np.float32), to=f"{name}_planted")
    y = d.op("MatMul", x, d.const(weight, np.float32), to=name)
    d.nodes[-1].name = name
    return y
