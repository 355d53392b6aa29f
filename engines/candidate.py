"""One attempt at a stage: lowered for a backend in one precision, not yet judged."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path

from speechtrt.bundle import Bundle
from speechtrt.engine_set import NodePolicy, Profile
from speechtrt.engines.graph import Graph
from speechtrt.engines.lowering.ort import lower_for_ort
from speechtrt.engines.lowering.tensorrt import kept_full, lower_for_tensorrt
from speechtrt.engines.policy import merge_policies, uniform_policy
from speechtrt.engines.profiles import stage_profiles
from speechtrt.engines.quantize.activation import steps
from speechtrt.engines.quantize.calibrated import quantize_calibrated
from speechtrt.engines.quantize.clipping import Clipping
from speechtrt.engines.quantize.convolution import quantize_convolutions
from speechtrt.engines.quantize.foreign import foreign_policy, lower_foreign, read_foreign
from speechtrt.engines.quantize.number_format import FORMATS
from speechtrt.engines.quantize.product import quantize_products
from speechtrt.engines.quantize.ranges import Measure, measure_ranges
from speechtrt.engines.quantize.weight_only import BITS, quantize_weights
from speechtrt.engines.remedy import Remedy, with_remedies
from speechtrt.engines.scenario import Playlist
from speechtrt.errors import BuildError
from speechtrt.precision import BackendName, Precision
from speechtrt.specs import StageSpec

ON_GPU = {Precision.INT8: Precision.FP16, Precision.FP16: Precision.FP32}
ON_TENSORRT = {**ON_GPU, Precision.INT4: Precision.FP16, Precision.FP8: Precision.FP16}
FALLBACK = {
    BackendName.ORT_CPU: dict.fromkeys((Precision.INT8, Precision.INT8_WEIGHTS, Precision.INT4), Precision.FP32),
    BackendName.ORT_CUDA: ON_GPU,
    BackendName.TENSORRT: ON_TENSORRT,
    BackendName.TENSORRT_RTX: ON_TENSORRT,
}


@dataclass(frozen=True, slots=True)
class Candidate:
    """The lowered graph, why each heavy node has its precision, and the sizes it is built for.

    `full` is the same graph in the safer precision; None when there is nothing safer. `remedies` make candidates that
    lower the same nodes and may err less.
    """

    graph: Graph
    policy: tuple[NodePolicy, ...]
    profiles: tuple[Profile, ...]
    full: Graph | None = None
    remedies: tuple[Remedy, ...] = ()

    def lowered(self, precision: Precision) -> int:
        """How many heavy nodes are in `precision`."""
        return sum(row.precision is precision for row in self.policy)


def supported(backend: BackendName, precision: Precision) -> bool:
    """Whether the backend can run this precision faster than, or as, its reference."""
    return precision is Precision.FP32 or precision in FALLBACK[backend]


def make_candidates(
    canonical: Graph,
    bundle: Bundle,
    stage: StageSpec,
    backend: BackendName,
    precision: Precision,
    inputs: Playlist,
    foreign: Path | None = None,
) -> list[Candidate]:
    """Lowered and, for INT8, quantised, or as it was quantised in the file `foreign`; the boldest first.

    Raises BuildError for a precision that does not run here, and for a foreign file that does not fit.
    """
    if not supported(backend, precision):
        known = ", ".join([Precision.FP32, *FALLBACK[backend]])
        raise BuildError(f"{backend} does not run {precision}; it runs {known}")
    profiles = stage_profiles(bundle, stage)
    if backend is BackendName.ORT_CPU:
        return _for_ort(canonical, precision, profiles, inputs)
    if foreign is not None and precision is Precision.INT8:
        return [_from_elsewhere(canonical, foreign, profiles)]
    return [_for_tensorrt(canonical, precision, profiles, inputs)]


def _for_ort(
    canonical: Graph, precision: Precision, profiles: tuple[Profile, ...], inputs: Playlist
) -> list[Candidate]:
    """INT8 with convolutions, then without."""
    full = lower_for_ort(canonical)
    if precision is Precision.FP32:
        return [Candidate(full, uniform_policy(full, precision, "reference precision"), profiles)]
    if precision in BITS:
        packed = quantize_weights(full, precision)
        return [Candidate(packed.graph, packed.policy, profiles, full)]

    def attempts(graph: Graph, measure: Measure) -> list[Candidate]:
        return _integers(lower_for_ort(graph), graph, profiles, inputs, measure)

    def one_of(index: int, graph: Graph, measure: Measure) -> Candidate:
        return attempts(graph, measure)[index]

    return [
        with_remedies(candidate, partial(one_of, index), canonical, inputs, Clipping(steps))
        for index, candidate in enumerate(attempts(canonical, measure_ranges))
    ]


def _integers(
    full: Graph, canonical: Graph, profiles: tuple[Profile, ...], inputs: Playlist, measure: Measure
) -> list[Candidate]:
    products = quantize_products(full, canonical, inputs, measure)
    both = quantize_convolutions(products, canonical, inputs, measure)
    attempts = [both] if both.graph is products.graph else [both, products]
    return [Candidate(attempt.graph, attempt.policy, profiles, full) for attempt in attempts]


def _for_tensorrt(canonical: Graph, precision: Precision, profiles: tuple[Profile, ...], inputs: Playlist) -> Candidate:
    full = lower_for_tensorrt(canonical, profiles, precision)
    if precision is Precision.FP32:
        return Candidate(full, uniform_policy(full, precision, "requested precision"), profiles)
    policy = merge_policies(uniform_policy(full, Precision.FP16, "reference precision"), kept_full(canonical))
    if precision is Precision.FP16:
        return Candidate(full, policy, profiles, lower_for_tensorrt(canonical, profiles, Precision.FP32))
    form = FORMATS[precision]

    def quantized(graph: Graph, measure: Measure) -> Candidate:
        half = lower_for_tensorrt(graph, profiles, precision)
        result = quantize_calibrated(half, graph, inputs, form, measure)
        return Candidate(result.graph, merge_policies(policy, list(result.policy)), profiles, half)

    plain = quantized(canonical, measure_ranges)
    if precision is not Precision.INT8:
        return plain
    return with_remedies(plain, quantized, canonical, inputs, Clipping(form.steps))


def _from_elsewhere(canonical: Graph, path: Path, profiles: tuple[Profile, ...]) -> Candidate:
    graph = lower_foreign(read_foreign(path, canonical), canonical, profiles)
    full = lower_for_tensorrt(canonical, profiles, Precision.INT8)
    return Candidate(graph, foreign_policy(graph, path.name), profiles, full)
