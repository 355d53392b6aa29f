"""A bundle of plain residual blocks into which values are planted that eight or sixteen bits cannot hold."""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from onnx import ModelProto

from speechtrt.bundle import ChunkSpec, CtcSpec, Task
from tests.engines import tiny_graphs as tiny
from tests.engines.tiny_bundles import add_stage, write_manifest, write_samples

WIDTH, BLOCKS = 32, 6
HIDING = 40.0
LOUDNESS = 2.0  # nats of volume for each standard deviation
STAGE = "encoder"


def write_hostile_bundle(folder: Path, outliers: Collection[str], gain: float) -> Path:
    """`outliers` names products (`up_2`, `down_0`) whose activations have one channel `gain` times too large."""
    return _write(folder, blocks(outliers, gain), _noise())


def write_loud_bundle(folder: Path, loud: Collection[str]) -> Path:
    """`loud` names products whose activations are loud in some frames and faint in others: no channel is to blame."""
    return _write(folder, blocks((), 1.0, loud), _noise())


def _noise() -> list[tiny.Array]:
    random = np.random.default_rng(9)
    return [random.normal(0, 1, (2, 9, WIDTH)).astype(np.float32) for _ in range(6)]


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
    samples = _noise()
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


def blocks(outliers: Collection[str], gain: float, loud: Collection[str] = ()) -> ModelProto:
    """A planted channel is undone by its row of the next weight, a frame's loudness behind the product.

    So the function stays an ordinary one.
    """
    d = tiny.Draft(11)
    x = d.input("x", tiny.F32, "rows", "frames", WIDTH)
    volume = d.op("Exp", d.op("Mul", d.op("Gather", x, d.ints(0), axis=2), d.const(LOUDNESS, np.float32)))

    def planted(y: str, name: str) -> str:
        if name in loud:
            return d.op("Div", product(d, d.op("Mul", y, volume), name, 1.0), volume)
        return product(d, y, name, gain if name in outliers else 1.0)

    for block in range(BLOCKS):
        y = planted(d.norm(x, WIDTH), f"up_{block}")
        y = d.op("Relu", d.op("Add", y, d.weight(WIDTH)))
        x = d.op("Add", x, planted(y, f"down_{block}"))
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
