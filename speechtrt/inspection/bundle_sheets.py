"""What a bundle holds: its stages, how they compare with PyTorch, and every tensor."""

from speechtrt.bundle import Bundle
from speechtrt.inspection.sheet import Row, Sheet, verdict
from speechtrt.specs import StageSpec, TensorSpec


def bundle_sheets(bundle: Bundle) -> tuple[Sheet, ...]:
    """Stages, parity, and the tensors of each stage."""
    return (_stages(bundle), _parity(bundle), *map(_tensors, bundle.stages))


def shape(tensor: TensorSpec) -> str:
    """`float32 [slots, 2, 80]`."""
    return f"{tensor.dtype} [{', '.join(map(str, tensor.shape))}]"


def _stages(bundle: Bundle) -> Sheet:
    sizes = {entry.path: entry.bytes for entry in bundle.files}
    rows: list[Row] = []
    for stage in bundle.stages:
        counts = (len(stage.inputs), len(stage.outputs), len(stage.states), stage.context)
        rows.append((stage.name, stage.file, f"{sizes[stage.file] / 1e6:.1f}", *map(str, counts)))
    return Sheet("stages", ("stage", "file", "MB", "inputs", "outputs", "states", "context"), tuple(rows))


def _parity(bundle: Bundle) -> Sheet:
    heads = ("", "stage", "compared with PyTorch", "max abs error", "tolerance")
    rows = (
        (verdict(row.passed), row.stage, row.quantity, f"{row.max_abs:.1e}", f"{row.tolerance:.0e}")
        for row in bundle.parity
    )
    return Sheet("parity", heads, tuple(rows))


def _tensors(stage: StageSpec) -> Sheet:
    roles = {name: state.kind.value for state in stage.states for name in (state.input, state.output) if name}
    tensors = [("in", tensor) for tensor in stage.inputs] + [("out", tensor) for tensor in stage.outputs]
    rows = ((way, tensor.name, shape(tensor), roles.get(tensor.name, "")) for way, tensor in tensors)
    return Sheet(f"tensors of {stage.name}", ("", "tensor", "type", "state"), tuple(rows))
