"""A bundle of plain residual blocks into which channels are planted that eight or sixteen bits cannot hold."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from onnx import ModelProto

from speechtrt.bundle import ChunkSpec, CtcSpec, Task
from tests.engines import tiny_graphs as tiny
from tests.engines.tiny_bundles import add_stage, write_manifest, write_samples

WIDTH, BLOCKS = 32, 6
HIDING = 40.0
STAGE = "encoder"


def write_hostile_bundle(folder: Path, outliers: Collection[str], gain: float) -> Path:
    """`outliers` names products (`up_2`, `down_0`) whose activations have one channel `gain` times too large."""
    random = np.random.default_rng(9)
    samples = [random.normal(0, 1, (2, 9, WIDTH)).astype(np.float32) for _ in range(6)]
    return _write(folder, blocks(outliers, gain), samples)


def _write(folder: Path, model: ModelProto, samples: list[tiny.Array]) -> Path:
    stage = add_stage(folder, STAGE, model, (), 0)
    write_samples(folder, STAGE, [{"x": sample} for sample in samples])
    chunk = ChunkSpec(STAGE, 160, 9, 128, 128, 0)
    return write_manifest(folder, "hostile", Task.CTC, [stage], ctc=CtcSpec(WIDTH - 1, 0.08, (chunk,)))


def write_hidden_bundle(folder: Path) -> Path:
    """Most of the first product's result is a constant that is subtracted behind it: what is left is little of it."""
    d = tiny.Draft(12)
    x = d.input("x", tiny.F32, "rows", "frames", WIDTH)
    weight = d.random.normal(0, WIDTH**-0.5, (WIDTH, WIDTH)).astype(np.float32)
    weight[0] = 3.0
    y = d.op("MatMul", x, d.const(weight, np.float32), to="first")
    d.nodes[-1].name = "first"
    y = d.op("Sub", y, d.const(HIDING * weight[0], np.float32))
    for block in range(BLOCKS):
        y = d.op("Add", y, product(d, d.norm(y, WIDTH), f"up_{block}", 1.0))
    d.op("Identity", y, to="hidden")
    d.output("hidden", tiny.F32, "rows", "frames", WIDTH)
    random = np.random.default_rng(9)
    samples = [random.normal(0, 1, (2, 9, WIDTH)).astype(np.float32) for _ in range(6)]
    for sample in samples:
        sample[..., 0] = HIDING
    return _write(folder, d.model(), samples)


def write_heavy_tailed_bundle(folder: Path) -> Path:
    """One product of values that are mostly small, and seldom large."""
    d = tiny.Draft(13)
    x = d.input("x", tiny.F32, "rows", "frames", WIDTH)
    d.op("Identity", product(d, x, "only", 1.0), to="hidden")
    d.output("hidden", tiny.F32, "rows", "frames", WIDTH)
    random = np.random.default_rng(9)
    samples = [random.laplace(0, 1, (8, 60, WIDTH)).astype(np.float32) for _ in range(6)]
    return _write(folder, d.model(), samples)


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
