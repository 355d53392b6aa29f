"""TensorRT-RTX's parser and builder through Polygraphy, with every message they log kept and judged."""

import importlib
import os
import re
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from speechtrt.engine_set import Profile
from speechtrt.engines.graph import Graph
from speechtrt.errors import BackendError, BuildError
from speechtrt.specs import DType, TensorSpec

HARMLESS = (
    re.compile(r"Make sure (in|out)put \w+ has Int64 binding"),  # positions and lengths are int64 on purpose
    re.compile(r"Converting conv (activation|weight) scales to fp32"),  # exact
)
DUMP = ("--- Begin node", "--- End node", "catchCudaError")
DTYPES = {"FLOAT": DType.FLOAT32, "HALF": DType.FLOAT16, "INT64": DType.INT64, "INT32": DType.INT32, "BOOL": DType.BOOL}


@cache
def tensorrt_rtx() -> Any:
    """The bindings, under the name Polygraphy looks for. Raises BackendError."""
    try:
        module = importlib.import_module("tensorrt_rtx_bindings")
    except (ImportError, OSError) as error:
        raise BackendError(
            f"tensorrt-rtx cannot be loaded ({error}); building for it needs: pip install 'speechtrt[export]'"
        ) from error
    os.environ["POLYGRAPHY_USE_TENSORRT_RTX"] = "1"
    sys.modules.setdefault("tensorrt_rtx", module)
    return module


@contextmanager
def messages() -> Iterator[list[str]]:
    """What TensorRT logs at warning level or above while the block runs."""
    listener = _listener()
    listener.messages = []
    yield listener.messages


def parse_network(graph: Graph, said: list[str]) -> Any:
    """Builder, network and parser of a strongly typed network with the graph's own border. Raises BuildError.

    Attention is marked decomposable: head widths without a fused kernel are split instead of refused.
    """
    tensorrt_rtx()
    from polygraphy.backend.trt import network_from_onnx_bytes, set_decomposable_attentions
    from polygraphy.exception import PolygraphyException

    try:
        parsed = network_from_onnx_bytes(graph.to_bytes(), strongly_typed=True)
        parsed = set_decomposable_attentions(parsed)
    except PolygraphyException as error:
        raise BuildError(f"TensorRT-RTX cannot parse the graph: {summary(said) or error}") from error
    _refuse_warnings(said)
    _check_border(parsed[1], graph)
    return parsed


def compile_network(parsed: Any, graph: Graph, profiles: tuple[Profile, ...], said: list[str]) -> bytes:
    """The serialised engine. Raises BuildError."""
    from polygraphy.backend.tensorrt_rtx import CreateConfigRTX
    from polygraphy.backend.trt import engine_bytes_from_network
    from polygraphy.exception import PolygraphyException

    config = CreateConfigRTX(profiles=[_shapes(graph, profiles)])
    try:
        with warnings.catch_warnings():
            # Polygraphy sets a timing cache, which TensorRT-RTX answers with a deprecation.
            warnings.simplefilter("ignore", DeprecationWarning)
            engine = bytes(engine_bytes_from_network(parsed, config=config))
    except PolygraphyException as error:
        raise BuildError(f"TensorRT-RTX cannot build the graph: {summary(said) or error}") from error
    _refuse_warnings(said)
    return engine


def deserialise(engine: bytes) -> bool:
    """Whether this machine's TensorRT-RTX accepts an engine; the messages say why not."""
    return tensorrt_rtx().Runtime(_listener()).deserialize_cuda_engine(engine) is not None


def summary(said: list[str]) -> str:
    """What matters of the messages, as one line, without the dump of a node."""
    lines = [" ".join(m.split()) for m in said if not _harmless(m)]
    lines = [line for line in lines if not any(mark in line for mark in DUMP)]
    return "; ".join(list(dict.fromkeys(lines))[:3])


def _refuse_warnings(said: list[str]) -> None:
    """A warning such as "Unused Input" means that the engine would not compute what the graph says."""
    if text := summary(said):
        raise BuildError(f"TensorRT-RTX warns where the graph must be followed exactly: {text}; change the graph")


def _harmless(message: str) -> bool:
    return any(pattern.search(message) for pattern in HARMLESS)


def _check_border(network: Any, graph: Graph) -> None:
    """Names and element types of the network against the graph's. Raises BuildError."""
    found = [network.get_input(i) for i in range(network.num_inputs)]
    found += [network.get_output(i) for i in range(network.num_outputs)]
    inputs, outputs = graph.specs()
    wanted = {t.name: t.dtype for t in (*inputs, *outputs)}
    got = {t.name: DTYPES.get(t.dtype.name) for t in found}
    wrong = sorted(n for n in wanted.keys() | got.keys() if wanted.get(n) != got.get(n))
    if wrong:
        name = wrong[0]
        raise BuildError(
            f"TensorRT-RTX sees the tensor {name} as {got.get(name)}, the graph has it as {wanted.get(name)}; "
            "the engine would not fit its callers"
        )


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
def _listener() -> Any:
    """TensorRT keeps the first logger it meets for the whole process, and Polygraphy hands it this one."""
    trt = tensorrt_rtx()
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
