"""Which engine set goes where, and which goes nowhere."""

import pytest

from speechtrt.deploy.kubernetes.placement import place
from speechtrt.deploy.kubernetes.pool import parse_hardware
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import DeployError
from speechtrt.precision import BackendName, Precision
from tests.deploy.conftest import H100, T4, MakeSet

GRAPHS = BackendName.ORT_CUDA


def placed(*pools: str, sets: list[EngineFolder]) -> dict[str, tuple[str, ...]]:
    found = place(sets, [parse_hardware(text) for text in pools])
    return {pool.name: pool.models for pool in found}


def test_large_gpus_serve_large_models_and_small_ones_int8(make_set: MakeSet) -> None:
    sets = [
        EngineFolder.open(make_set(model, GRAPHS, precision))
        for model, precision in (
            ("ctc-large", Precision.FP16),
            ("ctc-medium", Precision.FP16),
            ("ctc-medium", Precision.INT8),
            ("ctc-small", Precision.INT8),
            ("voice", Precision.FP16),
        )
    ]
    assert placed(sets=sets) == {
        "small": ("ctc-medium", "ctc-small", "voice"),
        "large": ("ctc-large", "ctc-medium", "voice"),
    }


def test_engines_of_a_gpu_run_on_that_gpu_alone(make_set: MakeSet) -> None:
    sets = [EngineFolder.open(make_set("ctc-large", BackendName.TENSORRT, Precision.FP16, H100))]
    [pool] = place(sets)
    assert (pool.name, pool.products) == ("large", ("NVIDIA-H100-80GB-HBM3",))


def test_engines_for_a_cpu_get_a_pool_without_gpus(make_set: MakeSet) -> None:
    [pool] = place([EngineFolder.open(make_set("ctc-medium"))])
    assert (pool.name, pool.products, pool.hardware.gpus) == ("cpu", (), ())


def test_another_engine_set_is_another_volume(make_set: MakeSet) -> None:
    one = make_set("ctc-medium")
    [before] = place([EngineFolder.open(one)])
    digest = before.digest
    [again] = place([EngineFolder.open(one)])
    assert again.digest == digest
    document = one / "engine.json"
    changed = document.read_text().replace('"reason": ""', '"reason": "other"', 1)
    document.unlink()  # it is a link to the one that all tests share
    document.write_text(changed)
    [after] = place([EngineFolder.open(one)])
    assert after.digest != digest


@pytest.mark.parametrize(
    ("backend", "device", "pools", "reason"),
    [
        (BackendName.TENSORRT, H100, ("small=T4,L4",), "for NVIDIA H100 80GB HBM3 run in none of the pools small"),
        (BackendName.TENSORRT, {"name": "NVIDIA A10G"}, (), "for NVIDIA A10G run in none"),
        (BackendName.TENSORRT_RTX, {"name": "any RTX GPU"}, (), "tensorrt-rtx engines for any RTX GPU"),
        (BackendName.ORT_CPU, None, ("large=H100",), "ort-cpu engines"),
        (BackendName.TENSORRT, T4, ("small=T4", "large=H100"), "pool large would serve nothing"),
        (BackendName.TENSORRT, T4, ("small=T4", "small=L4"), "two pools are called 'small'"),
    ],
)
def test_what_fits_nowhere_is_refused(
    make_set: MakeSet, backend: BackendName, device: dict[str, str] | None, pools: tuple[str, ...], reason: str
) -> None:
    sets = [EngineFolder.open(make_set("ctc-medium", backend, Precision.FP16, device))]
    with pytest.raises(DeployError, match=reason.replace("(", r"\(")):
        placed(*pools, sets=sets)


def test_a_pool_cannot_serve_a_model_twice_or_two_kinds_of_gpu_at_once(make_set: MakeSet) -> None:
    both = [EngineFolder.open(make_set("voice", GRAPHS, p)) for p in (Precision.FP16, Precision.INT8)]
    with pytest.raises(DeployError, match="would serve 'voice' twice"):
        placed("large=H100", sets=both)
    a100 = {"name": "NVIDIA A100-SXM4-80GB", "sm": "8.0"}
    mixed = [
        EngineFolder.open(make_set("ctc-large", BackendName.TENSORRT, Precision.FP16, H100)),
        EngineFolder.open(make_set("ctc-medium", BackendName.TENSORRT, Precision.FP16, a100)),
    ]
    with pytest.raises(DeployError, match="no GPU that all its engines were built for"):
        placed(sets=mixed)


@pytest.mark.parametrize("text", ["small", "=T4", "Small=T4", "small=", "small=RTX9", "-small=T4", f"{'a' * 44}=T4"])
def test_a_pool_that_is_none(text: str) -> None:
    with pytest.raises(DeployError, match="expected"):
        parse_hardware(text)
