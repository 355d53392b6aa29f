"""Text to speech: sound goes out while it is made, and many requests share the decoder's slots."""

from pathlib import Path

from speechtrt.deploy.triton import warmup
from speechtrt.deploy.triton.engine_files import whole_set
from speechtrt.deploy.triton.interface import Parameter, Tensor
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.program import Program, program
from speechtrt.deploy.triton.settings import Settings
from speechtrt.deploy.triton.tensors import FREE, DataType, vector
from speechtrt.engine_set import EngineFolder

OPTIONS = {Tensor.VOICE: DataType.STRING, Tensor.SEED: DataType.INT64, Tensor.LANGUAGE: DataType.STRING}


def speaking(folder: EngineFolder, settings: Settings) -> Model:
    """The decoupled model of a voice; one instance, so that all requests share its batches."""
    options = [{**vector(name, data_type), "optional": True} for name, data_type in OPTIONS.items()]
    config = {
        "max_batch_size": 0,
        "model_transaction_policy": {"decoupled": True},
        "input": [vector(Tensor.TEXT, DataType.STRING), *options],
        "output": [vector(Tensor.AUDIO, DataType.FP32, FREE), vector(Tensor.SAMPLE_RATE, DataType.INT32)],
        "model_warmup": [warmup.request({Tensor.TEXT: warmup.stored(DataType.STRING, "text")})],
    }
    parameters = {Parameter.SENTENCES: settings.sentences, Parameter.QUEUE: settings.queue}
    name = folder.manifest.model.name
    files: dict[str, Path | bytes] = {**whole_set(folder), **warmup.files("text")}
    return program(folder, name, Program.SPEAKING, config, parameters, files)
