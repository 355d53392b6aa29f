"""TensorRT's parser and builder through Polygraphy, with every message they log kept and judged."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from onnx import TensorProto

from speechtrt.engine_set import Profile
from speechtrt.engines.builders.flavour import Flavour, prepare
from speechtrt.engines.graph import Graph
from speechtrt.engines.policy import heavy_nodes
from speechtrt.errors import BuildError
from speechtrt.specs import DType, TensorSpec

HARMLESS = (
    re.compile(r"Make sure (in|out)put \w+ has Int64 binding"),  # positions and lengths are int64 on purpose
    re.compile(r"Converting conv (activation|weight) scales to fp32"),  # exact
)
DUMP = ("--- Begin node", "--- End node", "catchCudaError")
DTYPES = {"FLOAT": DType.FLOAT32, "HALF": DType.FLOAT16, "INT64": DType.INT64, "INT32": DType.INT32, "BOOL": DType.BOOL}
ELEMENTS: dict[int, DType] = {TensorProto.FLOAT: DType.FLOAT32, TensorProto.FLOAT16: DType.FLOAT16}


@contextmanager
def messages(flavour: Flavour) -> Iterator[list[str]]:
    """What TensorRT logs at warning level or above while the block runs."""
    listener = _listener(flavour)
    listener.messages = []
    yield listener.messages


def parse_network(flavour: Flavour, graph: Graph, said: list[str]) -> Any:
    """Builder, network and parser of a strongly typed network with the graph's own types. Raises BuildError.

    Attention is marked decomposable: head widths without a fused kernel are split instead of refused.
    """
    prepare(flavour)
    from polygraphy.backend.trt import network_from_onnx_bytes, set_decomposable_attentions
    from polygraphy.exception import PolygraphyException

    try:
        parsed = network_from_onnx_bytes(graph.to_bytes(), strongly_typed=True)
        parsed = set_decomposable_attentions(parsed)
    except PolygraphyException as error:
        raise BuildError(f"{flavour.label} cannot parse the graph: {summary(said) or error}") from error
    _refuse_warnings(flavour, said)
    check_types(flavour, parsed[1], graph)
    return parsed


def compile_network(
    flavour: Flavour, parsed: Any, graph: Graph, profiles: tuple[Profile, ...], said: list[str], timings: Path
) -> bytes:
    """The serialised engine; measured tactics are kept in the file `timings`. Raises BuildError."""
    from polygraphy.backend.trt import engine_bytes_from_network
    from polygraphy.exception import PolygraphyException

    config = _config(flavour, _shapes(graph, profiles), timings)
    keep = {} if flavour.ahead_of_time else {"save_timing_cache": str(timings)}
    try:
        with warnings.catch_warnings():
            # Polygraphy sets a timing cache, which TensorRT-RTX answers with a deprecation.
            warnings.simplefilter("ignore", DeprecationWarning)
            engine = bytes(engine_bytes_from_network(parsed, config=config, **keep))
    except PolygraphyException as error:
        raise BuildError(f"{flavour.label} cannot build the graph: {summary(said) or error}") from error
    _refuse_warnings(flavour, said)
    return engine


def deserialise(flavour: Flavour, engine: bytes) -> bool:
    """Whether this machine's TensorRT accepts an engine; the messages say why not."""
    return prepare(flavour).Runtime(_listener(flavour)).deserialize_cuda_engine(engine) is not None


def _config(flavour: Flavour, shapes: Any, timings: Path) -> Any:
    """An ahead-of-time build measures nothing, so it has no timings to keep."""
    if flavour.ahead_of_time:
        from polygraphy.backend.tensorrt_rtx import CreateConfigRTX

        return CreateConfigRTX(profiles=[shapes])
    from polygraphy.backend.trt import CreateConfig

    timings.parent.mkdir(parents=True, exist_ok=True)
    return CreateConfig(profiles=[shapes], load_timing_cache=str(timings) if timings.is_file() else None)


def summary(said: list[str]) -> str:
    """What matters of the messages, as one line, without the dump of a node."""
    lines = [" ".join(m.split()) for m in said if not _harmless(m)]
    lines = [line for line in lines if not any(mark in line for mark in DUMP)]
    return "; ".join(list(dict.fromkeys(lines))[:3])


def _refuse_warnings(flavour: Flavour, said: list[str]) -> None:
    """A warning such as "Unused Input" means that the engine would not compute what the graph says."""
    if text := summary(said):
        raise BuildError(f"{flavour.label} warns where the graph must be followed exactly: {text}; change the graph")


def _harmless(message: str) -> bool:
    return any(pattern.search(message) for pattern in HARMLESS)


def check_types(flavour: Flavour, network: Any, graph: Graph) -> None:
    """Element types of the border and of every product against the graph's. Raises BuildError.

    A strongly typed network computes in the types of its tensors, so a precision that had no effect shows here.
    """
    found = [network.get_input(i) for i in range(network.num_inputs)]
    found += [network.get_output(i) for i in range(network.num_outputs)]
    inputs, outputs = graph.specs()
    wanted = {t.name: t.dtype for t in (*inputs, *outputs)}
    got = {t.name: DTYPES.get(t.dtype.name) for t in found}
    products = _products(network)
    for name in (node.output[0] for node in heavy_nodes(graph)):
        element = ELEMENTS.get(graph.element(name))
        if name in products and element is not None:
            wanted[name], got[name] = element, products[name]
    wrong = sorted(n for n in wanted.keys() | got.keys() if wanted.get(n) != got.get(n))
    if wrong:
        name = wrong[0]
        raise BuildError(
            f"{flavour.label} sees the tensor {name} as {got.get(name)}, the graph has it as {wanted.get(name)}; "
            "the engine would not compute what was asked"
        )


def _products(network: Any) -> dict[str, DType | None]:
    """Types of everything the layers make, by name."""
    layers = (network.get_layer(i) for i in range(network.num_layers))
    made = (layer.get_output(i) for layer in layers for i in range(layer.num_outputs))
    return {tensor.name: DTYPES.get(tensor.dtype.name) for tensor in made}


def _shapes(graph: Graph, profiles: tuple[Profile, ...]) -> Any:
    from polygraphy.backend.trt import Profile as Shapes

    sizes = {p.dim: (p.min, p.opt, p.max) for p in profiles}
    shapes = Shapes()
    for tensor in graph.specs()[0]:
        shapes.add(tensor.name, *(_resolved(tensor, {d: s[i] for d, s in sizes.items()}) for i in range(3)))
    return shapes


def _resolved(tensor: TensorSpec, sizes: dict[str, int]) -> tuple[int, ...]:
    try:
        return tensor.resolve(sizes)
    except KeyError as error:
        raise BuildError(f"input {tensor.name} has the dimension {error}, for which no size is known") from error


@cache
def _listener(flavour: Flavour) -> Any:
    """TensorRT keeps the first logger it meets for the whole process, and Polygraphy hands it this one."""
    trt = prepare(flavour)
    from polygraphy.backend.trt import util
    from polygraphy.logger import G_LOGGER

    class Listener(trt.ILogger):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.messages: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity in (trt.ILogger.INTERNAL_ERROR, trt.ILogger.ERROR, trt.ILogger.WARNING):
                self.messages.append(message)

    G_LOGGER.module_severity = G_LOGGER.CRITICAL + 1
    util.TRT_LOGGER = Listener()
    return util.TRT_LOGGER
