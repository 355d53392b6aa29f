"""TensorRT's parser and builder through Polygraphy, with every message they log kept and judged."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from speechtrt.engine_set import Profile
from speechtrt.engines.builders.flavour import Flavour, prepare
from speechtrt.engines.builders.network_types import check_types
from speechtrt.engines.graph import Graph
from speechtrt.errors import BuildError
from speechtrt.specs import TensorSpec

HARMLESS = (
    re.compile(r"Make sure (in|out)put \w+ has Int64 binding"),  # positions and lengths are int64 on purpose
    re.compile(r"Converting conv (activation|weight) scales to fp32"),  # exact
)
CURRENT = "current"
DUMP = ("--- Begin node", "--- End node", "catchCudaError")


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
    flavour: Flavour,
    parsed: Any,
    graph: Graph,
    profiles: tuple[Profile, ...],
    said: list[str],
    timings: Path,
    target: str = "",
) -> bytes:
    """The serialised engine; measured tactics are kept in the file `timings`. Raises BuildError.

    `target` narrows an ahead-of-time build to a compute capability such as 8.0, or to this machine's GPU (CURRENT).
    """
    from polygraphy.backend.trt import engine_bytes_from_network
    from polygraphy.exception import PolygraphyException

    config = network_config(flavour, _shapes(graph, profiles), timings, target)
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


def deserialise(flavour: Flavour, engine: bytes) -> Any:
    """The engine, or None when this machine's TensorRT does not accept it; the messages say why not."""
    return prepare(flavour).Runtime(_listener(flavour)).deserialize_cuda_engine(engine)


def network_config(flavour: Flavour, shapes: Any, timings: Path, target: str) -> Any:
    """An ahead-of-time build measures nothing, so it has no timings to keep."""
    if flavour.ahead_of_time:
        from polygraphy.backend.tensorrt_rtx import CreateConfigRTX

        return CreateConfigRTX(profiles=[shapes], **_narrowed(target))
    from polygraphy.backend.trt import CreateConfig

    timings.parent.mkdir(parents=True, exist_ok=True)
    return CreateConfig(
        profiles=[shapes],
        load_timing_cache=str(timings) if timings.is_file() else None,
        profiling_verbosity=prepare(flavour).ProfilingVerbosity.DETAILED,  # the inspector then tells types
    )


def _narrowed(target: str) -> dict[str, Any]:
    if target in ("", CURRENT):
        return {"use_gpu": True} if target else {}
    return {"compute_capabilities": [tuple(int(part) for part in target.split("."))]}


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
