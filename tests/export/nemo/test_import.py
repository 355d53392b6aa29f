"""Public streaming CTC files become bundles that build and hear, or are refused in one line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from onnx import ModelProto, helper

from speechtrt.audio import Audio
from speechtrt.bundle import BundleFolder
from speechtrt.engine_set import Status
from speechtrt.engines.builder import build_engine_set
from speechtrt.errors import CheckpointError, ParityError
from speechtrt.export.families.fastconformer_sounds import made_up
from speechtrt.export.import_commands import import_group
from speechtrt.export.nemo import front_end
from speechtrt.export.nemo.importing import ImportRequest, import_nemo_ctc
from speechtrt.precision import BackendName, Precision
from speechtrt.runtime.asr.transcriber import Transcriber
from speechtrt.specs import Reset, StateKind
from tests.conftest import build
from tests.export.nemo.public_file import write_public

INT8 = Precision.INT8


@pytest.fixture(scope="module")
def public(nemo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `model.onnx` and `tokens.txt`."""
    folder = tmp_path_factory.mktemp("public")
    write_public(nemo_folder / "model_560.onnx", folder / "model.onnx")
    shutil.copy(nemo_folder / "tokens.txt", folder)
    return folder


@pytest.fixture(scope="module")
def imported(public: Path, tmp_path_factory: pytest.TempPathFactory) -> BundleFolder:
    return import_nemo_ctc(ImportRequest(public / "model.onnx"), tmp_path_factory.mktemp("imported") / "bundle")


def test_the_bundle_is_a_streaming_model_like_our_own(imported: BundleFolder) -> None:
    imported.verify()
    bundle = imported.manifest
    assert bundle.ctc is not None
    (chunk,) = bundle.ctc.chunks
    assert (chunk.milliseconds, chunk.frames, chunk.shift) == (560, 7, 8960)
    assert (chunk.window, chunk.lead) == (64 * 160 + 401, 16 * 160 + 201)
    assert (bundle.ctc.blank, bundle.ctc.frame_seconds) == (48, 0.08)
    stage = bundle.stage("step_560")
    assert [tensor.name for tensor in stage.inputs][:2] == ["pcm", "samples"]
    assert [tensor.name for tensor in stage.outputs][:2] == ["log_probs", "frames"]
    assert [state.kind for state in stage.states] == [StateKind.CONV_CACHE, StateKind.CONV_CACHE, StateKind.LENGTH]
    assert all(state.reset is Reset.ZERO for state in stage.states)


def test_it_gives_what_the_file_gives(imported: BundleFolder) -> None:
    (row,) = imported.manifest.parity
    assert row.max_abs < 1e-4


def test_it_builds_and_hears(imported: BundleFolder, tmp_path: Path) -> None:
    audios = [Audio(made_up(16_000, seed, seconds), 16_000) for seed, seconds in ((1, 2.0), (2, 0.4), (3, 5.1))]
    with Transcriber.open(build(imported, tmp_path), workers=1) as transcriber:
        together = transcriber.transcribe_many(audios)
        assert [transcriber.transcribe(audio) for audio in audios] == together
    assert all(transcript.words for transcript in together)


@pytest.mark.parametrize("backend", [BackendName.ORT_CPU, BackendName.ORT_CUDA, BackendName.TENSORRT_RTX])
def test_it_is_compared_on_every_backend_that_builds_here(
    imported: BundleFolder, backend: BackendName, tmp_path: Path
) -> None:
    engines = build_engine_set(
        imported.path, backend, INT8, tmp_path / "set", cache=tmp_path / "cache", most_time=1e9, say=lambda _: None
    ).manifest
    assert (engines.status, engines.stages[0].precision) == (Status.ACCEPTED, INT8), engines.reason
    assert any(row.metric == "relative_l2" and row.passed for row in engines.gate)


def test_a_second_import_does_no_work(imported: BundleFolder, public: Path) -> None:
    before = (imported.path / "step_560.onnx").stat().st_mtime_ns
    arguments = ["nemo-ctc", str(public / "model.onnx"), "--out", str(imported.path), "--json"]
    result = CliRunner().invoke(import_group, arguments)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["family"] == "nemo_ctc"
    assert (imported.path / "step_560.onnx").stat().st_mtime_ns == before


def test_weights_beside_the_file(public: Path, tmp_path: Path) -> None:
    model = onnx.load(public / "model.onnx")
    onnx.save(model, tmp_path / "m.onnx", save_as_external_data=True, location="weights", size_threshold=64)
    shutil.copy(public / "tokens.txt", tmp_path)
    folder = import_nemo_ctc(ImportRequest(tmp_path / "m.onnx"), tmp_path / "bundle")
    assert [entry.path for entry in folder.manifest.files if entry.path.endswith("onnx")] == ["step_560.onnx"]


def test_a_front_end_that_is_off_is_noticed(public: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(front_end, "PREEMPHASIS", 0.9)
    with pytest.raises(ParityError, match="log-probabilities of the imported file"):
        import_nemo_ctc(ImportRequest(public / "model.onnx"), tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


Change = Callable[[ModelProto], None]


def put(**entries: str) -> Change:
    def change(model: ModelProto) -> None:
        found = {entry.key: entry.value for entry in model.metadata_props}
        helper.set_model_props(model, {k: v for k, v in (found | entries).items() if v != "gone"})

    return change


def custom_operator(model: ModelProto) -> None:
    model.graph.node[0].domain = "my.ops"


def old_opset(model: ModelProto) -> None:
    model.opset_import[0].version = 11


def one_row(model: ModelProto) -> None:
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1


def no_caches(model: ModelProto) -> None:
    del model.graph.input[2:]


def other_cache(model: ModelProto) -> None:
    model.graph.input[2].type.tensor_type.shape.dim[2].dim_value = 56


def outside(model: ModelProto) -> None:
    tensor = model.graph.initializer[0]
    onnx.external_data_helper.set_external_data(tensor, "../../etc/passwd")
    tensor.data_location = onnx.TensorProto.EXTERNAL


def outside_in_a_branch(model: ModelProto) -> None:
    tensor = onnx.TensorProto(name="w", data_type=onnx.TensorProto.FLOAT, dims=[1], raw_data=bytes(4))
    onnx.external_data_helper.set_external_data(tensor, "../../etc/passwd")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    body = onnx.helper.make_graph([onnx.helper.make_node("Identity", ["w"], ["y"])], "body", [], [], [tensor])
    model.graph.node.append(onnx.helper.make_node("If", ["x"], ["z"], then_branch=body, else_branch=body))


def elsewhere(model: ModelProto) -> None:
    outside(model)
    model.graph.initializer[0].external_data[0].value = "missing.bin"


REFUSED: dict[str, tuple[Change, str]] = {
    "custom operator": (custom_operator, r"needs operators of my\.ops, a custom library"),
    "old opset": (old_opset, r"is of opset 11, expected 13 or newer"),
    "one row": (one_row, r"processed_signal takes 1 rows only; export it with a dynamic batch axis"),
    "no caches": (no_caches, r"has 2 inputs and 5 outputs; .* export it with cache support"),
    "other cache": (other_cache, r"cache_last_channel has the shape \(None, 1, 56, 16\)"),
    "weights outside": (outside, r"keeps weights in \.\./\.\./etc/passwd, outside of its folder"),
    "weights outside, in a branch": (outside_in_a_branch, r"keeps weights in \.\./\.\./etc/passwd, outside"),
    "weights missing": (elsewhere, r"missing\.bin: is missing"),
    "normalised": (put(normalize_type="per_feature"), r"features normalised per_feature"),
    "other model": (put(model_type="EncDecRNNTBPEModel"), r"has the model_type EncDecRNNTBPEModel"),
    "no shift": (put(chunk_shift="gone"), r"its metadata lacks chunk_shift"),
    "no number": (put(window_size="-65"), r"window_size = '-65', expected a positive size"),
    "no fit": (put(chunk_shift="57"), r"a shift of 57 .* do not fit together"),
    "absurd chunk": (put(window_size="80009", chunk_shift="80000"), r"asks for 10000 frames"),
    "absurd cache": (put(cache_last_channel_dim1="1000", cache_last_channel_dim2="1000000"), r"cached numbers"),
    "other vocabulary": (put(vocab_size="47"), r"log_probs_out has the shape .*49\), expected .*48"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str, public: Path, tmp_path: Path) -> None:
    change, message = REFUSED[case]
    model = onnx.load(public / "model.onnx")
    change(model)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    shutil.copy(public / "tokens.txt", tmp_path)
    refused(tmp_path, message)


def refused(folder: Path, message: str) -> None:
    before = sorted(folder.iterdir())
    with pytest.raises(CheckpointError, match=message) as caught:
        import_nemo_ctc(ImportRequest(folder / "model.onnx"), folder / "bundle")
    assert "\n" not in str(caught.value)
    assert sorted(folder.iterdir()) == before


TOKENS = {
    "none": (None, r"tokens\.txt: no such file"),
    "few": ("a 0\nb 1\n", r"lacks the token 2 of 48"),
    "many": ("".join(f"t{i} {i}\n" for i in range(60)), r"has 60 tokens, the model 48 and a blank"),
    "no ids": ("hello\n", r"line 1 is 'hello', expected a token and its number"),
}


@pytest.mark.parametrize("case", TOKENS)
def test_tokens(case: str, public: Path, tmp_path: Path) -> None:
    content, message = TOKENS[case]
    shutil.copy(public / "model.onnx", tmp_path)
    if content is not None:
        (tmp_path / "tokens.txt").write_text(content)
    refused(tmp_path, message)


def test_what_is_no_onnx_file(public: Path, tmp_path: Path) -> None:
    (tmp_path / "model.onnx").write_bytes(np.random.default_rng(0).bytes(500))
    shutil.copy(public / "tokens.txt", tmp_path)
    refused(tmp_path, "is not an ONNX file")
