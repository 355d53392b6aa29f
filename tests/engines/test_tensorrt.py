"""The real parser and builder: every precision compiles, and a graph that would be followed loosely does not."""

from pathlib import Path

import numpy as np
import pytest

from speechtrt.engine_set import Profile
from speechtrt.engines.builders.tensorrt import TensorRTBuilder
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.lowering.tensorrt import lower_for_tensorrt
from speechtrt.errors import BuildError
from speechtrt.precision import Precision
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import Build

PROFILES = (Profile("max_len", 64, 64, 64), Profile("slots", 1, 2, 4), Profile("text_len", 1, 8, 16))


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_every_stage_compiles(build: Build, tts_bundle: Path, precision: str) -> None:
    folder = build(tts_bundle, "tensorrt-rtx", precision)
    assert {s.spec.name for s in folder.manifest.stages} == {"encoder", "decoder", "postnet", "vocoder"}
    decoder = folder.manifest.stage("decoder")
    assert decoder.precision is Precision(precision)
    cache = decoder.spec.input("self_k_0")
    assert (cache.dtype, cache.shape[2]) == ("float32" if precision == "fp32" else "float16", 64)
    assert folder.file(decoder.file.path).read_bytes()[4:8] != b""
    notes = {row.note for row in folder.manifest.gate}
    assert all("not executed: no RTX GPU" in note for note in notes)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_stream_compiles(build: Build, ctc_bundle: Path, precision: str) -> None:
    stage = build(ctc_bundle, "tensorrt-rtx", precision).manifest.stage("step_160")
    assert stage.precision is Precision(precision)
    assert stage.spec.input("pcm").dtype == stage.spec.output("log_probs").dtype == "float32"


def test_an_unused_input_is_an_error() -> None:
    """The parser drops the lengths of a padded cache with a warning only; the engine would hear the padding."""
    draft = tiny.Draft()
    draft.input("q", tiny.F32, "slots", 2, 1, 8)
    for name in ("k", "v"):
        draft.input(name, tiny.F32, "slots", 2, 64, 8)
    draft.input("lengths", tiny.I64, "slots")
    draft.op("Attention", "q", "k", "v", "", "", "", "lengths", to="out")
    draft.output("out", tiny.F32, "slots", 2, 1, 8)
    with pytest.raises(BuildError, match="Unused Input") as caught:
        TensorRTBuilder().build(Graph(infer_shapes(draft.model())), PROFILES)
    assert "\n" not in str(caught.value)


def test_what_the_parser_refuses_is_one_readable_error() -> None:
    model = tiny.stream_step()
    for node in model.graph.node:
        if node.op_type == "TensorScatter":
            next(a for a in node.attribute if a.name == "mode").s = b"circular"
    with pytest.raises(BuildError, match="linear") as caught:
        TensorRTBuilder().build(Graph(infer_shapes(model)), PROFILES)
    assert "\n" not in str(caught.value)


def test_a_cache_of_open_length_is_refused() -> None:
    with pytest.raises(BuildError, match="static"):
        TensorRTBuilder().build(Graph(infer_shapes(tiny.decoder())), PROFILES)


def test_a_dimension_without_a_size_is_named() -> None:
    graph = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP16)
    with pytest.raises(BuildError, match="text_len"):
        TensorRTBuilder().build(graph, PROFILES[:2])


def test_a_border_of_another_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP16)
    full = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP32)
    monkeypatch.setattr(graph, "specs", full.specs)
    with pytest.raises(BuildError, match="the graph has it as float32"):
        TensorRTBuilder().build(graph, PROFILES)


def test_a_file_that_is_no_engine_is_not_opened_quietly(tmp_path: Path) -> None:
    """Without a driver nothing can be read back, and the note says so."""
    path = tmp_path / "x.engine"
    path.write_bytes(np.zeros(64, np.uint8).tobytes())
    try:
        assert "no CUDA driver" in TensorRTBuilder().open(path)
    except BuildError as error:
        assert "refuses" in str(error)
