"""Stage `encoder` of the offline recognisers: whole recordings in, log-probabilities out."""

from torch import nn

from speechtrt.bundle import RecordingSpec
from speechtrt.export.families.base import Sizes, StageGraph
from speechtrt.specs import DType, StageSpec, TensorSpec

ROWS, TIME, FRAMES = "rows", "time", "frames"
SHORTEST_SECONDS = 0.1
LONGEST_SECONDS = 30.0
_EXAMPLE_SECONDS = 0.7


def recording_spec(rate: int) -> RecordingSpec:
    """Recordings that an encoder takes in one piece: attention costs the square of their length."""
    return RecordingSpec(round(SHORTEST_SECONDS * rate), round(LONGEST_SECONDS * rate))


def recording_stage(module: nn.Module, labels: int, rate: int) -> StageGraph:
    """Rows are independent: `samples` says how much of each exists, and beyond `frames` the outputs are zero."""
    inputs = (TensorSpec("pcm", DType.FLOAT32, (ROWS, TIME)), TensorSpec("samples", DType.INT64, (ROWS,)))
    outputs = (
        TensorSpec("log_probs", DType.FLOAT32, (ROWS, FRAMES, labels)),
        TensorSpec("frames", DType.INT64, (ROWS,)),
    )
    recording = recording_spec(rate)
    sizes = {TIME: Sizes(recording.shortest, round(_EXAMPLE_SECONDS * rate), recording.longest)}
    return StageGraph(StageSpec("encoder", "encoder.onnx", inputs, outputs), module.eval(), sizes)
