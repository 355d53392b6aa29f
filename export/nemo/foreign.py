"""A file in NeMo's layout that somebody else wrote, with what its metadata says."""

from dataclasses import dataclass

from onnx import ModelProto

from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.nemo.front_end import ROWS, chunk_of
from speechtrt.export.nemo.metadata import NemoMetadata
from speechtrt.export.nemo.stages import nemo_states
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.specs import DType, StageSpec, TensorSpec


@dataclass(frozen=True, slots=True)
class Foreign:
    """A checked model that takes features of `bins` mel bins; names are the file's own."""

    metadata: NemoMetadata
    bins: int
    model: ModelProto

    @property
    def border(self) -> StageSpec:
        """The stage as it came: features, lengths and three caches."""
        metadata, inputs, outputs = self.metadata, self._inputs(), self._outputs()
        signal = TensorSpec(inputs[0], DType.FLOAT32, (ROWS, self.bins, metadata.window_size))
        answer = TensorSpec(outputs[0], DType.FLOAT32, (ROWS, metadata.frames, metadata.vocab_size + 1))
        lengths = [TensorSpec(name, DType.INT64, (ROWS,)) for name in (inputs[1], outputs[1])]
        return StageSpec(
            "model",
            "",
            (signal, lengths[0], *self._caches(inputs[2:])),
            (answer, lengths[1], *self._caches(outputs[2:])),
            nemo_states(inputs[2:], outputs[2:]),
        )

    @property
    def stage(self) -> StageSpec:
        """The stage with features inside: windows of samples, as our own streaming stages take them."""
        chunk, plain = chunk_of(self.metadata), self.border
        pcm = TensorSpec("pcm", DType.FLOAT32, (ROWS, chunk.window))
        answer = TensorSpec("log_probs", DType.FLOAT32, plain.outputs[0].shape)
        counts = [TensorSpec(name, DType.INT64, (ROWS,)) for name in ("samples", "frames")]
        inputs, outputs = (pcm, counts[0], *plain.inputs[2:]), (answer, counts[1], *plain.outputs[2:])
        return StageSpec(chunk.stage, f"{chunk.stage}.onnx", inputs, outputs, plain.states)

    @property
    def config(self) -> FastConformerCtcConfig:
        """Features and sizes in the words of our own streaming model."""
        encoder = {"subsampling_factor": self.metadata.subsampling_factor}
        return FastConformerCtcConfig(encoder_config=encoder, n_mels=self.bins, vocab_size=self.metadata.vocab_size)

    def runner(self) -> CanonicalRunner:
        """Runs the file as it came."""
        return CanonicalRunner(self.model.SerializeToString())

    def _inputs(self) -> list[str]:
        weights = {tensor.name for tensor in self.model.graph.initializer}
        return [value.name for value in self.model.graph.input if value.name not in weights]

    def _outputs(self) -> list[str]:
        return [value.name for value in self.model.graph.output]

    def _caches(self, names: list[str]) -> tuple[TensorSpec, TensorSpec, TensorSpec]:
        channel, time, length = names
        return (
            TensorSpec(channel, DType.FLOAT32, (ROWS, *self.metadata.channel)),
            TensorSpec(time, DType.FLOAT32, (ROWS, *self.metadata.time)),
            TensorSpec(length, DType.INT64, (ROWS,)),
        )
