"""Stages on a simulated device: states that live there give the sound that states on the host give."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.artifact import FileEntry
from speechtrt.engine_set import Bucket, EngineStage
from speechtrt.errors import BackendError
from speechtrt.precision import Precision
from speechtrt.runtime.asr.memory import StreamMemory
from speechtrt.runtime.backends.base import Array, Runner
from speechtrt.runtime.backends.bucketed import BucketedPrograms
from speechtrt.runtime.backends.cuda_python import CudaPython
from speechtrt.runtime.backends.device_runner import DeviceRunner
from speechtrt.runtime.backends.pycuda import PyCuda
from speechtrt.runtime.backends.tensorrt import TensorRTProgram
from speechtrt.runtime.batching.slots import Move, Swap
from speechtrt.specs import DType, Reset, StageSpec, StateKind, StateSpec
from tests.runtime.backends.fake_device import CudaBindings, Device, Engine, PyCudaDriver
from tests.runtime.fakes import FakeRunner, tensor

SLOTS, LENGTH = 4, 5
STAGE = StageSpec(
    "step",
    "step.engine",
    (
        tensor("x", DType.FLOAT32, "slots", 2),
        tensor("position", DType.INT64, "slots"),
        tensor("k", DType.FLOAT32, "slots", LENGTH, 2),
        tensor("conv", DType.FLOAT32, "slots", 2),
        tensor("memory", DType.FLOAT32, "slots", 3),
    ),
    (
        tensor("total", DType.FLOAT32, "slots"),
        tensor("k_out", DType.FLOAT32, "slots", LENGTH, 2),
        tensor("conv_out", DType.FLOAT32, "slots", 2),
    ),
    (
        StateSpec("k", "k_out", StateKind.KV_CACHE),
        StateSpec("conv", "conv_out", StateKind.CONV_CACHE, reset=Reset.ZERO),
        StateSpec("memory", None, StateKind.MEMORY),
    ),
)

BUILT = EngineStage(STAGE, FileEntry("step.engine", "", 0), Precision.FP16, (), (), 0.0, "")


def compute(x: dict[str, Array]) -> dict[str, Array]:
    """All that an owner of a row has written reaches the total; what a former owner left does not."""
    k, position = x["k"], x["position"][:, None]
    k[np.arange(len(k)), x["position"] % LENGTH] = x["x"] + x["conv"]
    seen = (np.arange(LENGTH) <= position)[:, :, None]
    total = (k * seen).sum(axis=(1, 2)) + x["memory"].sum(axis=1)
    return {"total": total, "k_out": k, "conv_out": 0.5 * x["conv"] + x["x"]}


def device_runner(device: Device, *, bindings: bool = True, most_rows: int = 32) -> DeviceRunner:
    cuda = CudaPython.open(CudaBindings(device)) if bindings else PyCuda.open(PyCudaDriver(device))
    stream = cuda.stream()
    program = TensorRTProgram.over(STAGE, cuda, stream, Engine(STAGE, compute, device, most_rows))
    return DeviceRunner(STAGE, cuda, stream, True, BucketedPrograms(BUILT, lambda file: program))


class Pair:
    """The same operations on a device and on the host."""

    def __init__(self, runner: DeviceRunner) -> None:
        self.runners: tuple[Runner, ...] = (runner, FakeRunner(STAGE, compute))
        self.memories = tuple(StreamMemory.allocate(STAGE, SLOTS) for _ in self.runners)
        for one, memory in self.both():
            one.bind(memory.arrays)
        self.random = np.random.default_rng(0)

    def both(self) -> Iterator[tuple[Runner, StreamMemory]]:
        return zip(self.runners, self.memories, strict=True)

    def step(self, rows: int, first: int) -> None:
        x = self.random.normal(0, 1, (SLOTS, 2))
        for one, memory in self.both():
            memory["x"][:] = x
            memory["position"][first : first + rows] += 1
            one.step(rows, first)
            memory.settle(rows, first)
        device, host = (memory["total"][first : first + rows] for memory in self.memories)
        assert device.tolist() == host.tolist()

    def admit(self, row: int) -> None:
        value = self.random.normal(0, 1, 3)
        for one, memory in self.both():
            memory.reset(row)
            memory["memory"][row] = value
            memory["position"][row] = -1
            one.push(slice(row, row + 1))

    def move(self, move: Move) -> None:
        for one, memory in self.both():
            one.pull(slice(move.source, move.source + 1))
            memory.move(move)
            memory["position"][move.target] = memory["position"][move.source]  # no state: its owner's to write
            one.push(slice(move.target, move.target + 1))

    def swap(self, swap: Swap) -> None:
        for one, memory in self.both():
            for row in (swap.first, swap.second):
                one.pull(slice(row, row + 1))
            memory.swap(swap)
            memory["position"][[swap.first, swap.second]] = memory["position"][[swap.second, swap.first]]
            for row in (swap.first, swap.second):
                one.push(slice(row, row + 1))


ROW = st.integers(0, SLOTS - 1)
ACTIONS = st.one_of(
    st.tuples(st.just("step"), ROW, ROW),
    st.tuples(st.just("admit"), ROW, ROW),
    st.tuples(st.just("move"), ROW, ROW),
    st.tuples(st.just("swap"), ROW, ROW),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(ACTIONS, min_size=1, max_size=25), st.booleans())
def test_states_on_the_device_are_states(actions: list[tuple[str, int, int]], bindings: bool) -> None:
    device = Device()
    with device_runner(device, bindings=bindings) as runner:
        pair = Pair(runner)
        for action, a, b in actions:
            if action == "step":
                pair.step(max(a, b) - min(a, b) + 1, min(a, b))
            elif action == "admit":
                pair.admit(a)
            elif action == "move":
                pair.move(Move(a, b))
            else:
                pair.swap(Swap(a, b))
    assert not device.memory or not bindings


def test_a_repeated_step_is_a_graph() -> None:
    device = Device()
    pair = Pair(device_runner(device))
    for _ in range(4):
        pair.step(3, 0)
    assert device.launches == 3
    for _ in range(2):
        pair.step(3, 1)
    assert device.launches == 4


def test_one_pass_over_free_shapes() -> None:
    inputs: dict[str, Array] = {
        "x": np.ones((2, 2), np.float32),
        "position": np.zeros(2, np.int64),
        "k": np.ones((2, LENGTH, 2), np.float32),
        "conv": np.zeros((2, 2), np.float32),
        "memory": np.arange(6, dtype=np.float32).reshape(2, 3),
    }
    device = Device()
    found = device_runner(device).run(inputs)
    expected = compute({name: value.copy() for name, value in inputs.items()})
    assert {name: value.tolist() for name, value in found.items()} == {n: v.tolist() for n, v in expected.items()}
    assert not device.memory


def test_more_rows_than_the_profile_holds_are_refused() -> None:
    pair = Pair(device_runner(Device(), most_rows=2))
    with pytest.raises(BackendError, match=r"does not take x of shape \[3, 2\]"):
        pair.step(3, 0)


def test_an_engine_with_other_tensors_is_refused() -> None:
    device = Device()
    cuda = CudaPython.open(CudaBindings(device))
    other = StageSpec("step", "", STAGE.inputs[:-1], STAGE.outputs)
    with pytest.raises(BackendError, match="engine and manifest differ in memory"):
        TensorRTProgram.over(STAGE, cuda, cuda.stream(), Engine(other, compute, device))


def test_caches_choose_their_engine_by_length() -> None:
    """One engine for each length; a length that none was built for is refused with those that exist."""
    inputs = tuple(tensor(t.name, t.dtype, "slots", "max_len", 2) if t.name == "k" else t for t in STAGE.inputs)
    states = tuple(replace(s, grows="max_len") if s.input == "k" else s for s in STAGE.states)
    files = [Bucket(size, FileEntry(f"step.{size}.engine", "", 0)) for size in (4, 8)]
    built = replace(BUILT, spec=replace(STAGE, inputs=inputs, states=states), file=files[1].file, buckets=tuple(files))
    opened: list[str] = []
    device = Device()
    cuda = CudaPython.open(CudaBindings(device))
    stream = cuda.stream()

    def load(file: str) -> TensorRTProgram:
        opened.append(file)
        return TensorRTProgram.over(built.spec, cuda, stream, Engine(built.spec, compute, device))

    programs = BucketedPrograms(built, load)
    for size in (4, 8, 4):
        programs.fitting({"k": np.zeros((1, size, 2), np.float32)})
    assert opened == ["step.4.engine", "step.8.engine"]
    with pytest.raises(BackendError, match="caches of 16 steps were asked for, engines hold 4, 8"):
        programs.fitting({"k": np.zeros((1, 16, 2), np.float32)})


def test_a_step_wants_arrays_and_an_open_stage() -> None:
    runner = device_runner(Device())
    with pytest.raises(BackendError, match="no arrays bound"):
        runner.step(1)
    runner.close()
    runner.close()
    with pytest.raises(BackendError, match="is closed"):
        runner.step(1)
