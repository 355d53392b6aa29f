"""What an engine is built for."""

import pytest

from speechtrt.engines import device
from speechtrt.engines.device import device_fingerprint, target_device
from speechtrt.errors import BuildError
from speechtrt.precision import BackendName


def test_a_plan_for_a_gpu_that_says_nothing_is_not_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would be let onto every GPU, and share its cache with those of others."""
    monkeypatch.setattr(device, "_gpu", dict)
    with pytest.raises(BuildError, match="no GPU answers nvidia-smi"):
        target_device(BackendName.TENSORRT)


def test_a_plan_says_which_gpu_it_is_for(monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = {"name": "NVIDIA L4", "sm": "8.9", "driver": "580.1"}
    monkeypatch.setattr(device, "_gpu", lambda: gpu)
    assert target_device(BackendName.TENSORRT) == {"kind": "gpu", **gpu}


@pytest.mark.parametrize("backend", [b for b in BackendName if b is not BackendName.TENSORRT])
def test_others_are_built_anywhere(backend: BackendName) -> None:
    assert target_device(backend) == device_fingerprint(backend)
