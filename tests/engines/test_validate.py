"""Validation from disk: a good set passes, and each way of spoiling one is found."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import onnx
import pytest
from onnx import numpy_helper

from speechtrt.artifact import list_files
from speechtrt.bundle import BUNDLE_FILE, BundleFolder
from speechtrt.documents import write_document
from speechtrt.engine_set import ENGINE_FILE, EngineFolder, EngineSet
from speechtrt.engines.evaluation import decode_evaluation
from speechtrt.engines.gate.comparison import Outputs
from speechtrt.engines.junit import junit_xml
from speechtrt.engines.scenario import Playlist
from speechtrt.engines.validate import Demands, ValidationReport, validate_engine_set
from speechtrt.engines.versions import installed
from speechtrt.errors import ManifestError
from speechtrt.precision import BackendName
from tests.engines.conftest import Build


@pytest.fixture
def engines(build: Build, ctc_bundle: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(build(ctc_bundle, "ort-cpu", "fp32").path, tmp_path / "set"))


def failed(report: ValidationReport) -> set[tuple[str, str]]:
    return {(row.stage, row.metric) for row in report.failures}


def relist(folder: Path, change: Callable[[EngineSet], EngineSet] = lambda manifest: manifest) -> None:
    """Make the manifest agree with the files, as a careless or hostile builder would."""
    files = list_files(folder, exclude=ENGINE_FILE)
    manifest = replace(EngineFolder.open(folder).manifest, files=files)
    stages = tuple(replace(s, file=manifest.file(s.file.path)) for s in manifest.stages)
    write_document(folder / ENGINE_FILE, change(replace(manifest, stages=stages)))


@pytest.mark.parametrize("name", ["ort-cpu fp32", "ort-cpu int8", "tensorrt-rtx fp16", "tensorrt-rtx int8"])
def test_good_sets_pass(build: Build, tts_bundle: Path, name: str) -> None:
    report = validate_engine_set(build(tts_bundle, *name.split()).path, Demands(bundle=tts_bundle))
    assert report.passed, report.failures
    metrics = {row.metric for row in report.rows}
    assert {"hashes", "backend_version", "bundle", "opens", "relative_l2", "cosine", "probability"} <= metrics


@dataclass(frozen=True)
class Gpu:
    """Answers as the recorded ones, or `wrong` times as large."""

    wrong: float = 1.0
    device: str = "Simulated GPU"

    def answers(self, engines: EngineFolder, playlist: Playlist) -> Outputs:
        recorded = engines.file(f"evaluation/{playlist.stage.name}.npz")
        outputs = decode_evaluation(recorded, playlist.stage).outputs
        return {name: [value * self.wrong for value in values] for name, values in outputs.items()}


def test_where_there_is_a_gpu_the_engine_itself_is_judged(build: Build, ctc_bundle: Path) -> None:
    folder = build(ctc_bundle, "tensorrt-rtx", "fp16").path
    good = validate_engine_set(folder, Demands(player=Gpu()))
    assert good.passed, good.failures
    judged = [row for row in good.rows if row.metric == "relative_l2"]
    assert [row.note for row in judged] == ["worst output log_probs; executed on Simulated GPU"]
    assert not any("not executed" in row.note for row in good.rows if row.stage == "step_160" and row.metric != "opens")
    assert ("step_160", "relative_l2") in failed(validate_engine_set(folder, Demands(player=Gpu(1.1))))


def test_a_flipped_bit_is_found(engines: Path) -> None:
    path = engines / "step_160.onnx"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    report = validate_engine_set(engines)
    assert failed(report) == {("engine set", "hashes"), ("step_160", "opens")}
    assert "step_160.onnx" in report.failures[0].note


def test_an_engine_that_computes_something_else_is_found(engines: Path) -> None:
    """The hashes are right, the numbers are not."""
    model = onnx.load(engines / "step_160.onnx")
    weight = max(model.graph.initializer, key=lambda t: len(t.raw_data))
    weight.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weight) * 1.5, weight.name))
    onnx.save(model, engines / "step_160.onnx")
    relist(engines)
    found = failed(validate_engine_set(engines))
    assert ("step_160", "relative_l2") in found
    assert ("engine set", "hashes") not in found


def test_an_engine_that_is_no_model_is_found(engines: Path) -> None:
    (engines / "step_160.onnx").write_bytes(b"not a model")
    relist(engines)
    assert failed(validate_engine_set(engines)) == {("step_160", "opens")}


def test_an_engine_of_another_version_is_found(engines: Path) -> None:
    relist(engines, lambda m: replace(m, builder={**m.builder, "onnxruntime": "0.1"}))
    report = validate_engine_set(engines)
    assert failed(report) == {("engine set", "backend_version")}
    assert "built with onnxruntime 0.1" in report.failures[0].note
    assert {row.stage for row in report.rows} == {"engine set"}  # nothing was opened


def test_a_plan_for_another_gpu_is_not_opened(engines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there, here = ({"kind": "gpu", "name": "GPU", "sm": sm} for sm in ("8.9", "9.0"))
    monkeypatch.setattr("speechtrt.engines.soundness.device_fingerprint", lambda backend: here)
    builder = {"tensorrt": installed("tensorrt")}
    relist(engines, lambda m: replace(m, backend=BackendName.TENSORRT, device=there, builder=builder))
    report = validate_engine_set(engines)
    assert failed(report) == {("engine set", "device")}
    assert {row.stage for row in report.rows} == {"engine set"}


def test_another_device_is_said_and_does_not_fail(engines: Path) -> None:
    relist(engines, lambda m: replace(m, device={**m.device, "name": "Other CPU"}))
    report = validate_engine_set(engines)
    assert report.passed
    assert any("Other CPU" in row.note for row in report.rows if row.metric == "device")


def test_another_bundle_is_found(engines: Path, ctc_bundle: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(ctc_bundle, tmp_path / "bundle"))
    write_document(other / BUNDLE_FILE, replace(BundleFolder.open(other).manifest, exporter={"speechtrt": "other"}))
    assert failed(validate_engine_set(engines, Demands(bundle=other))) == {("engine set", "bundle")}


def test_a_lost_evaluation_is_found(engines: Path) -> None:
    (engines / "evaluation" / "step_160.npz").unlink()
    relist(engines)
    assert failed(validate_engine_set(engines)) == {("step_160", "runs")}


def test_a_spoiled_evaluation_is_found(engines: Path) -> None:
    (engines / "evaluation" / "step_160.npz").write_bytes(b"PK nothing")
    relist(engines)
    assert failed(validate_engine_set(engines)) == {("step_160", "runs")}


def test_a_folder_that_is_no_engine_set_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is not an engine set"):
        validate_engine_set(tmp_path)


def test_junit_counts_checks_and_failures(engines: Path) -> None:
    (engines / "step_160.onnx").write_bytes(b"not a model")
    report = validate_engine_set(engines)
    suite = ElementTree.fromstring(junit_xml("set", report.rows, report.seconds)).find("testsuite")
    assert suite is not None
    assert int(suite.get("tests", "")) == len(report.rows) == len(suite.findall("testcase"))
    assert int(suite.get("failures", "")) == len(report.failures) == len(suite.findall("testcase/failure")) == 2
