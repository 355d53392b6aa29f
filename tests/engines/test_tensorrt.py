"""The real parser and builder: every precision compiles, and a graph that would be followed loosely does not."""

import sys
from inspect import signature
from pathlib import Path
from types import SimpleNamespace

import pytest

from speechtrt.artifact import FileEntry
from speechtrt.engine_set import EngineStage, Profile
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.builders.flavour import FULL, RTX, prepare
from speechtrt.engines.builders.network import compile_network, messages, network_config, parse_network
from speechtrt.engines.builders.network_types import check_types
from speechtrt.engines.builders.tensorrt import TensorRTBuilder
from speechtrt.engines.graph import Graph, infer_shapes
from speechtrt.engines.lowering.tensorrt import lower_for_tensorrt
from speechtrt.engines.validate import validate_engine_set
from speechtrt.errors import BackendError, BuildError, IntegrityError
from speechtrt.plan import HEADER, MAGIC
from speechtrt.precision import BackendName, Precision
from speechtrt.specs import StageSpec
from tests.engines import tiny_graphs as tiny
from tests.engines.conftest import Build

PROFILES = (Profile("max_len", 64, 64, 64), Profile("slots", 1, 2, 4), Profile("text_len", 1, 8, 16))


def some_stage() -> EngineStage:
    return EngineStage(StageSpec("s", "", (), ()), FileEntry("x.engine", "", 0), Precision.FP16, (), (), 0.0, "")


@pytest.mark.parametrize("precision", ["fp32", "fp16", "int8"])
def test_every_stage_compiles(build: Build, tts_bundle: Path, precision: str) -> None:
    folder = build(tts_bundle, "tensorrt-rtx", precision)
    assert {s.spec.name for s in folder.manifest.stages} == {"encoder", "decoder", "postnet", "vocoder"}
    decoder = folder.manifest.stage("decoder")
    assert decoder.precision is Precision(precision)
    cache = decoder.spec.input("self_k_0")
    assert (cache.dtype, cache.shape[2]) == ("float32" if precision == "fp32" else "float16", "max_len")
    assert folder.file(decoder.file.path).read_bytes()[4:8] != b""
    notes = {row.note for row in folder.manifest.gate}
    assert all("not executed: no GPU" in note for note in notes)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_stream_compiles(build: Build, ctc_bundle: Path, precision: str) -> None:
    stage = build(ctc_bundle, "tensorrt-rtx", precision).manifest.stage("step_160")
    assert stage.precision is Precision(precision)
    assert stage.spec.input("pcm").dtype == stage.spec.output("log_probs").dtype == "float32"


def test_a_stage_with_a_cache_has_an_engine_for_each_length(
    tmp_path: Path, tts_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("speechtrt.engines.profiles.FIRST_BUCKET", 16)
    backend, precision = BackendName.TENSORRT_RTX, Precision.FP16
    folder = build_engine_set(
        tts_bundle, backend, precision, tmp_path / "out", cache=tmp_path / "cache", say=lambda line: None
    )
    decoder = folder.manifest.stage("decoder")
    assert [(b.size, b.file.path) for b in decoder.buckets] == [(16, "decoder.16.engine"), (32, "decoder.engine")]
    assert decoder.file == decoder.buckets[-1].file
    assert all(folder.file(bucket.file.path).stat().st_size == bucket.file.bytes for bucket in decoder.buckets)
    assert not folder.manifest.stage("encoder").buckets
    folder.file("decoder.16.engine").write_bytes(b"")
    assert not validate_engine_set(folder.path).passed


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
        TensorRTBuilder(RTX).build(Graph(infer_shapes(draft.model())), PROFILES)
    assert "\n" not in str(caught.value)


def test_a_warning_of_the_builder_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it says beside what is known to be harmless."""
    prepare(RTX)
    graph = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP32)
    with messages(RTX) as said:
        parsed = parse_network(RTX, graph, said)

        def grumbling(network: object, config: object) -> bytes:
            said.append("tensor x is not used")
            return b"an engine"

        monkeypatch.setattr("polygraphy.backend.trt.engine_bytes_from_network", grumbling)
        with pytest.raises(BuildError, match="warns where the graph must be followed exactly: tensor x is not used"):
            compile_network(RTX, parsed, graph, PROFILES, said, Path("unused"))


def test_what_the_parser_refuses_is_one_readable_error() -> None:
    model = tiny.stream_step()
    for node in model.graph.node:
        if node.op_type == "TensorScatter":
            next(a for a in node.attribute if a.name == "mode").s = b"circular"
    with pytest.raises(BuildError, match="linear") as caught:
        TensorRTBuilder(RTX).build(Graph(infer_shapes(model)), PROFILES)
    assert "\n" not in str(caught.value)


def test_a_cache_of_open_length_is_refused() -> None:
    with pytest.raises(BuildError, match="static"):
        TensorRTBuilder(RTX).build(Graph(infer_shapes(tiny.decoder())), PROFILES)


def test_a_dimension_without_a_size_is_named() -> None:
    graph = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP16)
    with pytest.raises(BuildError, match="text_len"):
        TensorRTBuilder(RTX).build(graph, PROFILES[:2])


def test_a_border_of_another_type_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    graph = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP16)
    full = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP32)
    monkeypatch.setattr(graph, "specs", full.specs)
    with pytest.raises(BuildError, match="the graph has it as float32"):
        TensorRTBuilder(RTX).build(graph, PROFILES)


def test_an_engine_for_one_kind_of_gpu_is_built_anywhere() -> None:
    graph = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP16)
    assert TensorRTBuilder(RTX, target="8.0").build(graph, PROFILES).startswith(MAGIC)


def test_a_file_that_is_no_engine_is_refused_without_a_driver(tmp_path: Path) -> None:
    path = tmp_path / "x.engine"
    path.write_bytes(bytes(64))
    with pytest.raises(IntegrityError, match="expected a TensorRT-RTX engine"):
        TensorRTBuilder(RTX).open(path, some_stage())


def test_an_engine_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.engine"
    path.write_bytes(HEADER.pack(MAGIC, 0, 2, HEADER.size, 1, 6, 0, 9))
    with pytest.raises(BuildError, match=r"was built with TensorRT-RTX 1\.6\.0\.9, this is"):
        TensorRTBuilder(RTX).open(path, some_stage())


def test_a_network_of_another_type_inside_is_refused() -> None:
    """Products that the parser would compute in another type than the graph says: a precision without effect."""
    graph = lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP16)
    with messages(RTX) as said:
        network = parse_network(RTX, graph, said)[1]
    product = next(n.output[0] for n in graph.nodes if n.op_type == "MatMul")
    graph.types[product].elem_type = tiny.F32
    with pytest.raises(BuildError, match=f"sees the tensor {product} as float16, the graph has it as float32"):
        check_types(RTX, network, graph)


@pytest.mark.parametrize("measured", [False, True])
def test_tensorrt_is_asked_for_details_and_keeps_its_tactics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, measured: bool
) -> None:
    """What a machine with a GPU would hand to Polygraphy; nothing of it is built here."""
    prepare(RTX)  # decides for this process which TensorRT Polygraphy drives
    from polygraphy.backend.trt import engine_bytes_from_network

    library = SimpleNamespace(ProfilingVerbosity=SimpleNamespace(DETAILED="detailed"))
    monkeypatch.setattr("speechtrt.engines.builders.network.prepare", lambda flavour: library)
    timings = tmp_path / "cache" / "timing.cache"
    if measured:
        timings.parent.mkdir()
        timings.write_bytes(b"tactics")
    config = network_config(FULL, object(), timings, "")
    assert timings.parent.is_dir()
    assert config.profiling_verbosity == "detailed"
    assert config.timing_cache_path == (str(timings) if measured else None)
    asked = signature(engine_bytes_from_network).parameters
    assert {"config", "save_timing_cache"} <= asked.keys()


def test_an_old_tensorrt_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", SimpleNamespace(__version__="10.9.0.34"))
    with pytest.raises(BackendError, match=r"TensorRT 10\.9\.0\.34 is too old, expected 10\.15 or newer"):
        FULL.load()


def test_an_absent_tensorrt_names_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tensorrt", None)
    with pytest.raises(BackendError, match=r"pypi\.nvidia\.com"):
        FULL.load()


def test_one_process_serves_one_tensorrt(monkeypatch: pytest.MonkeyPatch) -> None:
    TensorRTBuilder(RTX).build(
        lower_for_tensorrt(Graph(infer_shapes(tiny.decoder())), PROFILES, Precision.FP32), PROFILES
    )
    monkeypatch.setitem(sys.modules, "tensorrt", SimpleNamespace(__version__="11.4.0"))
    with pytest.raises(BackendError, match="built for the other TensorRT"):
        prepare(FULL)


@pytest.mark.parametrize("precision", ["fp16", "int8"])
def test_a_set_for_cuda_is_made_of_graphs(build: Build, tts_bundle: Path, precision: str) -> None:
    """Half caches at the border, no FP32 product but by reason; executed by the CPU's kernels here."""
    folder = build(tts_bundle, "ort-cuda", precision)
    decoder = folder.manifest.stage("decoder")
    assert decoder.precision is Precision(precision)
    assert decoder.spec.input("self_k_0").dtype == "float16"
    kinds = {n.op_type for n in Graph.load(folder.file(decoder.file.path)).nodes}
    assert ("QuantizeLinear" in kinds) is (precision == "int8")
    assert all("not executed: no GPU" in row.note for row in folder.manifest.gate)
