"""What this machine has. Each line that fails says what to install; tests of what is absent fail with the same line."""

from importlib import import_module

import pytest

from speechtrt.engines.builders.flavour import FULL, RTX, Flavour
from speechtrt.runtime.backends.cuda import Cuda
from speechtrt.runtime.backends.ort_cuda import PROVIDER

pytestmark = pytest.mark.gpu


def test_a_gpu_answers(cuda: Cuda) -> None:
    assert cuda.device
    print(f"\n{cuda.device}, compute capability {cuda.capability}")


def test_graphs_can_be_captured(cuda: Cuda) -> None:
    assert cuda.captures, "only pycuda is installed, which captures no CUDA graphs: pip install cuda-python"


@pytest.mark.parametrize("flavour", [RTX, FULL], ids=lambda flavour: flavour.label)
def test_tensorrt_can_be_loaded(flavour: Flavour) -> None:
    print(f"\n{flavour.label} {flavour.version()}")


def test_onnx_runtime_has_the_gpu() -> None:
    known = import_module("onnxruntime").get_available_providers()
    assert PROVIDER in known, f"this ONNX Runtime has {known}: pip install 'speechtrt[gpu]' in place of onnxruntime"
