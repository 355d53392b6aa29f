"""Whole recordings to text."""

from speechtrt.deploy.triton import warmup
from speechtrt.deploy.triton.engine_files import whole_set
from speechtrt.deploy.triton.interface import Parameter, Tensor
from speechtrt.deploy.triton.listening import hearing_inputs
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.program import Program, program
from speechtrt.deploy.triton.settings import Settings
from speechtrt.deploy.triton.tensors import DataType, vector
from speechtrt.engine_set import EngineFolder


def transcribing(folder: EngineFolder, settings: Settings) -> Model:
    """The model of recordings, several of any length at once."""
    model = folder.manifest.model
    config = {
        "max_batch_size": settings.batch,
        "input": hearing_inputs(),
        "output": [vector(Tensor.TEXT, DataType.STRING), vector(Tensor.WORDS, DataType.STRING)],
        "dynamic_batching": {},
        "model_warmup": [warmup.request({Tensor.AUDIO: warmup.zeros(DataType.FP32, [model.audio.sample_rate])})],
    }
    parameters = {Parameter.BATCH: settings.batch}
    return program(folder, model.name, Program.RECORDINGS, config, parameters, whole_set(folder), settings.instances)
