"""One stage without state as a plain model that Triton batches."""

from speechtrt.deploy.triton import warmup
from speechtrt.deploy.triton.engine_files import bare_engine, one_stage
from speechtrt.deploy.triton.flavour import Flavour, device_of
from speechtrt.deploy.triton.interface import Parameter
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.pbtxt import Message
from speechtrt.deploy.triton.program import Program, program
from speechtrt.deploy.triton.tensors import DATA_TYPES, batched
from speechtrt.engine_set import EngineFolder, EngineStage

PLATFORMS = {Flavour.ONNXRUNTIME: "onnxruntime_onnx", Flavour.TENSORRT_PLAN: "tensorrt_plan"}


def plain_stage(folder: EngineFolder, stage: str, flavour: Flavour) -> Model:
    """A stage of the set, run by this runtime or by Triton's own backend. Raises ManifestError or IntegrityError."""
    built = folder.manifest.stage(stage)
    name, config = stage_name(folder, stage), _config(built)
    if flavour is Flavour.PYTHON:
        return program(folder, name, Program.STAGE, config, {Parameter.STAGE: stage}, one_stage(folder, stage))
    return native(folder, stage, flavour, config)


def native(folder: EngineFolder, stage: str, flavour: Flavour, config: Message) -> Model:
    """A stage that Triton's own backend runs. Raises ManifestError or IntegrityError."""
    group = {"instance_group": [{"count": 1, "kind": device_of(folder)}]}
    whole = {"platform": PLATFORMS[flavour], **config, **group}
    return Model(stage_name(folder, stage), whole, bare_engine(folder, stage))


def stage_name(folder: EngineFolder, stage: str) -> str:
    """What the model of a stage is called."""
    return f"{folder.manifest.model.name}_{stage}"


def _config(built: EngineStage) -> Message:
    rows = built.spec.inputs[0].shape[0]
    largest = {profile.dim: profile.max for profile in built.profiles}
    return {
        "max_batch_size": largest[str(rows)],
        "input": [batched(spec) for spec in built.spec.inputs],
        "output": [batched(spec) for spec in built.spec.outputs],
        "dynamic_batching": {},
        "model_warmup": [_warmup(built)],
    }


def _warmup(built: EngineStage) -> Message:
    """Zeros of the usual size."""
    usual = {profile.dim: profile.opt for profile in built.profiles}
    inputs = {}
    for spec in built.spec.inputs:
        sizes = [usual[dim] if isinstance(dim, str) else dim for dim in spec.shape[1:]]
        inputs[spec.name] = warmup.zeros(DATA_TYPES[spec.dtype], sizes or [1])
    return warmup.request(inputs)
