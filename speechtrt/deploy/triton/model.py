"""One model of a repository: its name, its configuration and its files."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from speechtrt.artifact import write_bytes
from speechtrt.deploy.triton.pbtxt import Message, render

VERSION = "1"
CONFIG = "config.pbtxt"


@dataclass(frozen=True, slots=True)
class Model:
    """`files` maps a path below the model's folder to what is copied there, or to what it holds."""

    name: str
    config: Message
    files: Mapping[str, Path | bytes] = field(default_factory=dict)

    def write(self, repository: Path) -> None:
        """Write the model's folder below `repository`."""
        folder = repository / self.name
        write_bytes(folder / CONFIG, render({"name": self.name, **self.config}).encode())
        for name, content in self.files.items():
            write_bytes(folder / name, content.read_bytes() if isinstance(content, Path) else content)
