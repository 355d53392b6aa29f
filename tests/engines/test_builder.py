"""From a bundle to an engine set: what it holds, when it falls back, when it is built again, what it refuses."""

import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.artifact import list_files
from speechtrt.bundle import BUNDLE_FILE, BundleFolder
from speechtrt.documents import write_document
from speechtrt.engine_set import EngineFolder, NodePolicy, Profile, Status
from speechtrt.engines import versions
from speechtrt.engines.build_context import BuildContext
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.builders.flavour import prepare
from speechtrt.engines.builders.ort import OrtBuilder
from speechtrt.engines.cache import EngineCache
from speechtrt.engines.current import current_engine_set
from speechtrt.engines.gate.limits import LIMITS, Limits
from speechtrt.engines.graph import Graph
from speechtrt.errors import BackendError, BuildError, IntegrityError, ManifestError
from speechtrt.precision import BackendName, Precision
from tests.engines.conftest import ANY_TIME, Build

ORT, RTX = BackendName.ORT_CPU, BackendName.TENSORRT_RTX
FP32, INT8 = Precision.FP32, Precision.INT8


def build_in(
    folder: Path, bundle: Path, backend: BackendName = ORT, precision: Precision = FP32, most_time: float = ANY_TIME
) -> EngineFolder:
    out = folder / "out"
    return build_engine_set(
        bundle, backend, precision, out, cache=folder / "cache", most_time=most_time, say=lambda line: None
    )


def copy_bundle(bundle: Path, folder: Path) -> Path:
    return Path(shutil.copytree(bundle, folder / "bundle"))


def test_a_set_is_self_contained_and_every_file_is_listed(build: Build, tts_bundle: Path) -> None:
    folder = build(tts_bundle, "ort-cpu", "fp32")
    folder.verify()
    listed = {entry.path for entry in folder.manifest.files}
    assert {"decoder.onnx", "tokenizer.model", "voices/anna.npy", "evaluation/decoder.npz"} <= listed
    assert {p.relative_to(folder.path).as_posix() for p in folder.path.rglob("*") if p.is_file()} == {
        *listed,
        "engine.json",
    }
    assert folder.manifest.model == BundleFolder.open(tts_bundle).manifest


def test_int8_is_accepted_with_a_policy_and_a_gate(build: Build, tts_bundle: Path) -> None:
    manifest = build(tts_bundle, "ort-cpu", "int8").manifest
    assert (manifest.status, manifest.precision) == (Status.ACCEPTED, INT8)
    decoder = manifest.stage("decoder")
    assert decoder.precision is INT8
    assert {row.precision for row in decoder.policy} == {FP32, INT8}
    metrics = {row.metric for row in manifest.gate if row.stage == "decoder"}
    assert metrics == {"relative_l2", "cosine", "probability", "clipping_weights", "kernel_error", "time_ratio"}
    assert all(row.passed for row in manifest.gate)


def test_a_stage_with_too_little_to_quantise_stays_as_it_was(build: Build, tts_bundle: Path) -> None:
    int8, full = build(tts_bundle, "ort-cpu", "int8"), build(tts_bundle, "ort-cpu", "fp32")
    assert int8.manifest.stage("vocoder").precision is FP32
    assert int8.manifest.stage("vocoder").file == full.manifest.stage("vocoder").file
    assert "vocoder stays fp32: no node can be quantised" in int8.manifest.reason


def test_a_stage_that_is_not_faster_falls_back(tmp_path: Path, ctc_bundle: Path) -> None:
    manifest = build_in(tmp_path, ctc_bundle, precision=INT8, most_time=1e-6).manifest
    assert (manifest.status, manifest.precision, manifest.requested) == (Status.FELL_BACK, FP32, INT8)
    assert "time_ratio" in manifest.reason
    reasons = {row.reason for row in manifest.stage("step_160").policy}
    assert any("refused in int8" in reason and "time_ratio" in reason for reason in reasons)
    assert all(row.passed for row in manifest.gate)


def test_a_stage_whose_numbers_fail_falls_back(
    tmp_path: Path, ctc_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, INT8, Limits(1e-7, 1.0, 1e-7, 1.0))
    manifest = build_in(tmp_path, ctc_bundle, precision=INT8).manifest
    assert manifest.status is Status.FELL_BACK
    assert "relative_l2" in manifest.reason


def test_what_the_backend_cannot_build_in_int8_falls_back(
    tmp_path: Path, ctc_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build = OrtBuilder.build

    def refuse_int8(
        self: OrtBuilder, graph: Graph, profiles: tuple[Profile, ...], policy: tuple[NodePolicy, ...]
    ) -> bytes:
        if any(n.op_type == "MatMulIntegerToFloat" for n in graph.nodes):
            raise BuildError("no such kernel")
        return build(self, graph, profiles, policy)

    monkeypatch.setattr(OrtBuilder, "build", refuse_int8)
    manifest = build_in(tmp_path, ctc_bundle, precision=INT8).manifest
    assert manifest.reason == "step_160 stays fp32: int8: no such kernel"


def test_a_reference_that_fails_its_own_gate_is_an_error(
    tmp_path: Path, ctc_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LIMITS, FP32, Limits(-1.0, 1.0, -1.0, 1.0))
    with pytest.raises(BuildError, match="step_160 fails the gate"):
        build_in(tmp_path, ctc_bundle)
    assert not (tmp_path / "out").exists()


def test_a_second_build_finds_the_set_up_to_date(tmp_path: Path, ctc_bundle: Path) -> None:
    first = build_in(tmp_path, ctc_bundle)
    said: list[str] = []
    again = build_engine_set(ctc_bundle, ORT, FP32, first.path, cache=tmp_path / "cache", say=said.append)
    assert said == [f"{first.path}: up to date"]
    assert again.manifest == first.manifest


def test_up_to_date_is_found_quickly_and_without_heavy_imports(build: Build, tts_bundle: Path) -> None:
    folder = build(tts_bundle, "ort-cpu", "fp32")
    code = (
        "import sys, time; from pathlib import Path; from speechtrt.engines.builder import build_engine_set; "
        "from speechtrt.precision import *; began = time.process_time(); "
        f"build_engine_set(Path({str(tts_bundle)!r}), BackendName.ORT_CPU, Precision.FP32, Path({str(folder.path)!r}));"
        "assert not {'onnx', 'onnxruntime', 'numpy', 'tensorrt_rtx_bindings'} & set(sys.modules); "
        "print(time.process_time() - began)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "up to date" in done.stderr
    assert float(done.stdout) < 0.3


def test_what_changes_the_engines_makes_a_set_stale(
    tmp_path: Path, ctc_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = build_in(tmp_path, ctc_bundle).path
    assert current_engine_set(ctc_bundle, ORT, FP32, out) is not None
    assert current_engine_set(ctc_bundle, ORT, INT8, out) is None
    other = copy_bundle(ctc_bundle, tmp_path)
    manifest = BundleFolder.open(other).manifest
    write_document(other / BUNDLE_FILE, replace(manifest, exporter={"speechtrt": "newer"}))
    assert current_engine_set(other, ORT, FP32, out) is None
    monkeypatch.setattr(versions, "source_digest", lambda: "changed")
    assert current_engine_set(ctc_bundle, ORT, FP32, out) is None


def test_a_changed_quantiser_misses_the_cache(
    tmp_path: Path, ctc_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The digest is of the sources themselves, and part of every stage's key."""
    home = Path(versions.__file__).parent
    same, sources = (Path(shutil.copytree(home, tmp_path / name)) for name in ("same", "changed"))
    assert versions.source_digest(same) == versions.source_digest(home)
    quantiser = sources / "quantize" / "product.py"
    quantiser.write_text(quantiser.read_text().replace("LARGEST = 127", "LARGEST = 63"))
    changed = versions.source_digest(sources)
    assert changed != versions.source_digest(home)
    keys = [_key(ctc_bundle, tmp_path)]
    monkeypatch.setattr(versions, "source_digest", lambda: changed)
    keys.append(_key(ctc_bundle, tmp_path))
    assert len(set(keys)) == 2


def _key(bundle: Path, folder: Path) -> str:
    source = BundleFolder.open(bundle)
    versions_here = versions.builder_versions(ORT)
    context = BuildContext(source, ORT, EngineCache(folder), {}, versions_here, 1.0)
    return context.key(source.manifest.stages[0], INT8)


def test_a_set_that_lost_a_file_is_stale(tmp_path: Path, ctc_bundle: Path) -> None:
    out = build_in(tmp_path, ctc_bundle).path
    (out / "step_160.onnx").unlink()
    assert current_engine_set(ctc_bundle, ORT, FP32, out) is None
    build_in(tmp_path, ctc_bundle).verify()


def test_stages_come_from_the_cache(tmp_path: Path, ctc_bundle: Path) -> None:
    first = build_in(tmp_path, ctc_bundle)
    shutil.rmtree(first.path)
    second = build_in(tmp_path, ctc_bundle)
    assert second.manifest == first.manifest  # even the build seconds are those of the first


@pytest.mark.parametrize("backend", [ORT, RTX])
def test_bundle_with_a_wrong_hash_is_refused(tmp_path: Path, ctc_bundle: Path, backend: BackendName) -> None:
    bundle = copy_bundle(ctc_bundle, tmp_path)
    with (bundle / "step_160.onnx").open("ab") as file:
        file.write(b"x")
    with pytest.raises(IntegrityError, match=r"step_160\.onnx"):
        build_in(tmp_path, bundle, backend)
    assert not (tmp_path / "out").exists()


def test_bundle_without_calibration_is_refused(tmp_path: Path, ctc_bundle: Path) -> None:
    bundle = copy_bundle(ctc_bundle, tmp_path)
    write_document(bundle / BUNDLE_FILE, replace(BundleFolder.open(bundle).manifest, calibration={}))
    with pytest.raises(ManifestError, match="no calibration inputs for the stage step_160"):
        build_in(tmp_path, bundle)


def test_calibration_that_lacks_an_input_is_refused(tmp_path: Path, ctc_bundle: Path) -> None:
    bundle = copy_bundle(ctc_bundle, tmp_path)
    np.savez(bundle / "calibration" / "step_160.npz", allow_pickle=False, **{"0/pcm": np.zeros((1, 128), np.float32)})
    manifest = replace(BundleFolder.open(bundle).manifest, files=list_files(bundle, exclude=BUNDLE_FILE))
    write_document(bundle / BUNDLE_FILE, manifest)
    with pytest.raises(ManifestError, match="sample 0 lacks samples"):
        build_in(tmp_path, bundle)


@pytest.mark.parametrize(
    ("pcm", "says"),
    [
        (
            np.zeros((2, 127), np.float32),
            r"has pcm as float32 \[2, 127\], the stage step_160 takes float32 \['slots', 128\]",
        ),
        (np.zeros((3, 128), np.float32), r"has samples as int64 \[2\]"),
        (np.zeros((2, 128), np.float64), "has pcm as float64"),
        (np.zeros((2, 1, 128), np.float32), "has pcm as float32"),
    ],
)
def test_calibration_of_the_wrong_shape_is_refused(
    tmp_path: Path, ctc_bundle: Path, pcm: np.ndarray, says: str
) -> None:
    bundle = copy_bundle(ctc_bundle, tmp_path)
    arrays = {"0/pcm": pcm, "0/samples": np.full(2, 128, np.int64)}
    np.savez(bundle / "calibration" / "step_160.npz", allow_pickle=False, **arrays)
    manifest = replace(BundleFolder.open(bundle).manifest, files=list_files(bundle, exclude=BUNDLE_FILE))
    write_document(bundle / BUNDLE_FILE, manifest)
    with pytest.raises(ManifestError, match=says):
        build_in(tmp_path, bundle)


def test_a_precision_the_backend_does_not_run_is_refused(tmp_path: Path, ctc_bundle: Path) -> None:
    with pytest.raises(BuildError, match="ort-cpu does not run fp16; it runs fp32, int8"):
        build_in(tmp_path, ctc_bundle, precision=Precision.FP16)


def test_missing_tensorrt_names_what_to_install(
    tmp_path: Path, ctc_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt_rtx_bindings", None)
    prepare.cache_clear()
    try:
        with pytest.raises(BackendError, match=r"pip install 'speechtrt\[export\]'"):
            build_in(tmp_path, ctc_bundle, RTX)
    finally:
        prepare.cache_clear()


def test_warm_build_takes_no_time(build: Build, tts_bundle: Path) -> None:
    build(tts_bundle, "ort-cpu", "fp32")
    taken = list[float]()
    for _ in range(3):  # one of them may have to collect the garbage of other tests
        began = time.process_time()
        build(tts_bundle, "ort-cpu", "fp32")
        taken.append(time.process_time() - began)
    assert min(taken) < 0.3
