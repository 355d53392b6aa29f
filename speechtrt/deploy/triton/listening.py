"""Live streams: a sequence of requests is a stream."""

from pathlib import Path

from speechtrt.bundle import CtcSpec
from speechtrt.deploy.triton import warmup
from speechtrt.deploy.triton.engine_files import whole_set
from speechtrt.deploy.triton.interface import Control, Parameter, Tensor
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.pbtxt import Message, Symbol
from speechtrt.deploy.triton.program import Program, program
from speechtrt.deploy.triton.settings import Settings
from speechtrt.deploy.triton.tensors import FREE, DataType, vector
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import BackendError

MICROSECONDS = 1_000_000


class Kind(Symbol):
    """What a control input tells."""

    START = "CONTROL_SEQUENCE_START"
    END = "CONTROL_SEQUENCE_END"
    READY = "CONTROL_SEQUENCE_READY"
    CORRID = "CONTROL_SEQUENCE_CORRID"


def listening(folder: EngineFolder, ctc: CtcSpec, settings: Settings) -> Model:
    """The model of live streams. Raises BackendError for an unknown chunk."""
    config = {
        "max_batch_size": settings.batch,
        "input": hearing_inputs(),
        "output": [vector(Tensor.TEXT, DataType.STRING), vector(Tensor.EVENTS, DataType.STRING)],
        "sequence_batching": {
            **oldest(settings),
            "control_input": [_flag(Control.START), _flag(Control.END), _flag(Control.READY), _correlation()],
        },
        "model_warmup": [_warmup(folder.manifest.model.audio.sample_rate)],
    }
    parameters = {
        Parameter.STREAMS: settings.streams,
        Parameter.BATCH: settings.batch,
        Parameter.CHUNK: _chunk(folder, ctc, settings.chunk),
        Parameter.IDLE: settings.idle_seconds,
    }
    name = folder.manifest.model.name
    files: dict[str, Path | bytes] = {**whole_set(folder), **warmup.files("yes", "sequence")}
    return program(folder, name, Program.HEARING, config, parameters, files, settings.instances)


def hearing_inputs() -> list[Message]:
    """Samples, as many as the client likes, and their rate."""
    audio, rate = vector(Tensor.AUDIO, DataType.FP32, FREE), vector(Tensor.SAMPLE_RATE, DataType.INT32)
    return [{**audio, "allow_ragged_batch": True}, {**rate, "optional": True}]


def oldest(settings: Settings) -> Message:
    """Sequences wait for a place, and lose it when they are silent."""
    return {
        "max_sequence_idle_microseconds": settings.idle_seconds * MICROSECONDS,
        "oldest": {"max_candidate_sequences": settings.streams},
    }


def _chunk(folder: EngineFolder, ctc: CtcSpec, asked: int | None) -> int:
    known = sorted(chunk.milliseconds for chunk in ctc.chunks)
    if asked is not None and asked not in known:
        raise BackendError(f"{folder.path}: has no chunk of {asked} ms; expected one of {', '.join(map(str, known))}")
    return asked or known[-1]


def _flag(control: Control) -> Message:
    return {"name": control, "control": {"kind": Kind[control], "int32_false_true": [0, 1]}}


def _warmup(samples: int) -> Message:
    """A whole stream of silence; Triton adds no controls to its own requests."""
    return warmup.request(
        {
            Tensor.AUDIO: warmup.zeros(DataType.FP32, [samples]),
            Tensor.SAMPLE_RATE: warmup.zeros(DataType.INT32, [1]),
            Control.START: warmup.stored(DataType.INT32, "yes"),
            Control.END: warmup.stored(DataType.INT32, "yes"),
            Control.READY: warmup.stored(DataType.INT32, "yes"),
            Control.CORRID: warmup.stored(DataType.UINT64, "sequence"),
        }
    )


def _correlation() -> Message:
    return {"name": Control.CORRID, "control": {"kind": Kind.CORRID, "data_type": DataType.UINT64}}
