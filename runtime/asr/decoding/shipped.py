"""Language models that come with the package."""

from importlib.resources import files
from pathlib import Path

SUFFIX = ".arpa.gz"


def language_model_file(name: str) -> Path:
    """The file `name`, or the shipped model of that name if there is no such file."""
    path = Path(name)
    shipped = Path(str(files("speechtrt.models.weights"))) / "lm" / f"{name}{SUFFIX}"
    return shipped if not path.exists() and len(path.parts) == 1 and shipped.is_file() else path
