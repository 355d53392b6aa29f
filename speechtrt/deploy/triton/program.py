"""A model of Triton's Python backend: this runtime, inside of Triton."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

from speechtrt.deploy.triton.flavour import device_of
from speechtrt.deploy.triton.interface import Parameter
from speechtrt.deploy.triton.model import VERSION, Model
from speechtrt.deploy.triton.pbtxt import Message
from speechtrt.engine_set import EngineFolder

SOURCE = '''"""Runs in Triton's Python backend, whose Python needs speechtrt with the extra of its engines."""

from speechtrt.deploy.triton.backend.{module} import {name} as TritonPythonModel

__all__ = ["TritonPythonModel"]
'''


class Program(StrEnum):
    """Modules of the backend; each has a class of its name."""

    HEARING = "hearing"
    RECORDINGS = "recordings"
    SPEAKING = "speaking"
    STAGE = "stage"


def program(
    folder: EngineFolder,
    name: str,
    runs: Program,
    config: Message,
    parameters: Mapping[Parameter, object],
    files: Mapping[str, Path | bytes],
    instances: int = 1,
) -> Model:
    """A model that `runs` answers, in `instances` processes."""
    whole = {
        "backend": "python",
        **config,
        "instance_group": [{"count": instances, "kind": device_of(folder)}],
        "parameters": [{"key": key, "value": {"string_value": str(value)}} for key, value in parameters.items()],
    }
    source = SOURCE.format(module=runs, name=runs.capitalize())
    return Model(name, whole, {f"{VERSION}/model.py": source.encode(), **files})
