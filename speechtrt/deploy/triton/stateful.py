"""A streaming step whose state Triton keeps: the engine alone, for clients that cut windows and decode themselves."""

import json

from speechtrt.bundle import ChunkSpec, CtcSpec
from speechtrt.deploy.triton.listening import oldest
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.pbtxt import Message
from speechtrt.deploy.triton.settings import Settings
from speechtrt.deploy.triton.stage import native
from speechtrt.deploy.triton.tensors import single
from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.asr.encoder import label_texts
from speechtrt.runtime.pieces import read_pieces
from speechtrt.specs import StageSpec, StateSpec


def stateful_step(folder: EngineFolder, ctc: CtcSpec, chunk: ChunkSpec, settings: Settings) -> Model:
    """The step of one chunk size. Raises ManifestError or IntegrityError.

    Triton batches no state of one number per row (its size without the batch would be nothing), so a request is a row.
    The engine has no control inputs: a new sequence begins with zeros. There is no warm-up, because Triton sends its
    requests past the sequence batcher, and they would have no state.
    """
    spec = folder.manifest.stage(chunk.stage).spec
    kept = {name for state in spec.states for name in (state.input, state.output)}
    config = {
        "max_batch_size": 0,
        "input": [single(tensor) for tensor in spec.inputs if tensor.name not in kept],
        "output": [single(tensor) for tensor in spec.outputs if tensor.name not in kept],
        "sequence_batching": {**oldest(settings), "state": [_state(spec, state) for state in spec.states]},
        "parameters": [_parameter(name, value) for name, value in _constants(folder, ctc, chunk).items()],
    }
    return native(folder, chunk.stage, settings.flavour, config)


def _state(spec: StageSpec, state: StateSpec) -> Message:
    """One buffer for both sides: engines that write in place need it, and Triton then need not pair them by name."""
    tensor = single(spec.input(state.input))
    form = {"data_type": tensor["data_type"], "dims": tensor["dims"]}
    return {
        "input_name": state.input,
        "output_name": state.output or "",
        **form,
        "use_same_buffer_for_input_output": True,
        "initial_state": {**form, "zero_data": True, "name": f"{state.input}_zero"},
    }


def _constants(folder: EngineFolder, ctc: CtcSpec, chunk: ChunkSpec) -> dict[str, object]:
    """What a client needs to cut windows and to read the answer."""
    model = folder.manifest.model
    count = folder.manifest.stage(chunk.stage).spec.output("log_probs").shape[-1]
    assert isinstance(count, int)
    return {
        "rate": model.audio.sample_rate,
        "hop": model.audio.hop,
        "chunk_frames": chunk.frames,
        "window": chunk.window,
        "shift": chunk.shift,
        "lead": chunk.lead,
        "blank": ctc.blank,
        "frame_seconds": ctc.frame_seconds,
        "labels": label_texts(read_pieces(folder.file(model.text.tokenizer)), count, ctc.blank),
    }


def _parameter(name: str, value: object) -> Message:
    return {"key": name, "value": {"string_value": json.dumps(value)}}
