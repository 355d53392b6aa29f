"""What Triton tells a model when it loads it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from speechtrt.deploy.triton.interface import ENGINES, Parameter
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Arguments:
    """The model's configuration as Triton parsed it, the engine set beside the program, and who we are."""

    model: str
    instance: str
    folder: EngineFolder
    parameters: Mapping[str, str]

    @classmethod
    def of(cls, told: Mapping[str, str]) -> "Arguments":
        """Read what `initialize` got. Raises ManifestError."""
        config = json.loads(told["model_config"])
        parameters = {key: value["string_value"] for key, value in config.get("parameters", {}).items()}
        engines = Path(told["model_repository"]) / told["model_version"] / ENGINES
        return cls(told["model_name"], told["model_instance_name"], EngineFolder.open(engines), parameters)

    def text(self, name: Parameter) -> str:
        """A parameter. Raises ConfigError."""
        if name not in self.parameters:
            raise ConfigError(f"{self.model}: its configuration has no parameter {name}; write the repository again")
        return self.parameters[name]

    def number(self, name: Parameter) -> int:
        """A parameter that is a number. Raises ConfigError."""
        try:
            return int(self.text(name))
        except ValueError as error:
            raise ConfigError(f"{self.model}: parameter {name} is {self.text(name)!r}; expected a number") from error
