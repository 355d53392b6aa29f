"""Triton's own protobuf reads every configuration that can be written."""

from dataclasses import replace
from pathlib import Path

import pytest

from speechtrt.deploy.triton.flavour import Flavour
from speechtrt.deploy.triton.repository import Repository
from speechtrt.deploy.triton.settings import Settings
from speechtrt.precision import BackendName
from tests.deploy.triton.test_repository import altered
from tests.triton.conftest import PROGRAMS, Program, parsed

pytestmark = pytest.mark.triton

BACKENDS = {Flavour.TENSORRT_PLAN: BackendName.TENSORRT}


@pytest.mark.parametrize("flavour", list(Flavour))
def test_every_configuration(engines: tuple[Path, ...], program: Program, tmp_path: Path, flavour: Flavour) -> None:
    paths = [altered(path, tmp_path / str(n), backend=BACKENDS.get(flavour)) for n, path in enumerate(engines)]
    repository = Repository.of(paths, replace(Settings(), flavour=flavour))
    repository.write(tmp_path / "repository")
    files = sorted((tmp_path / "repository").glob("*/config.pbtxt"))
    configs = {config["name"]: config for config in parsed(program(PROGRAMS / "parse.py", *files))}
    assert set(configs) == {model.name for model in repository.models}
    for model in repository.models:
        found = configs[model.name]
        assert [one["name"] for one in found["input"]] == [one["name"] for one in model.config["input"]]  # type: ignore[attr-defined]
        assert found["instance_group"][0]["kind"] == ("KIND_GPU" if flavour in BACKENDS else "KIND_CPU")


def test_states_are_kept_in_one_buffer_and_begin_with_zeros(
    engines: tuple[Path, ...], program: Program, tmp_path: Path
) -> None:
    Repository.of(engines[1:2], Settings(flavour=Flavour.ONNXRUNTIME)).write(tmp_path / "repository")
    [config] = parsed(program(PROGRAMS / "parse.py", tmp_path / "repository/ctc-small_step_160/config.pbtxt"))
    states = {state["input_name"]: state for state in config["sequence_batching"]["state"]}
    assert {"cache_len", "write_pos", "k_0", "v_0", "conv_0"} < set(states)
    for name, state in states.items():
        assert state["output_name"] == f"{name}_out"
        assert state["use_same_buffer_for_input_output"] is True
        assert state["initial_state"][0]["zero_data"] is True
        assert state["initial_state"][0]["dims"] == state["dims"]
    assert states["cache_len"]["dims"] == ["1"]
    assert [one["name"] for one in config["input"]] == ["pcm", "samples"]
