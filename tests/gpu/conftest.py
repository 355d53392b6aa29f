"""Engine sets of the reference models for the GPU in this machine, built once into build/gpu."""

from pathlib import Path

import pytest

from speechtrt.benchmarks.quality.player import EnginePlayer, gpu_player
from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.builder import build_engine_set
from speechtrt.precision import BackendName, Precision
from speechtrt.reference import DEFAULT_ROOT
from speechtrt.runtime.backends.cuda import Cuda, open_cuda

ROOT = Path("build/gpu")


@pytest.fixture(scope="session")
def cuda() -> Cuda:
    """Fails with what to install, or with what the driver says."""
    return open_cuda()


@pytest.fixture(scope="session")
def player(cuda: Cuda) -> EnginePlayer:
    found = gpu_player()
    assert found is not None
    return found


def bundle(model: str) -> BundleFolder:
    return BundleFolder.open(DEFAULT_ROOT / "bundles" / model)


def built(model: str, backend: BackendName, precision: Precision) -> EngineFolder:
    """From the cache, if it was built here before."""
    out = ROOT / "engines" / model / f"{backend}-{precision}"
    return build_engine_set(bundle(model).path, backend, precision, out, cache=ROOT / "cache", say=lambda line: None)
