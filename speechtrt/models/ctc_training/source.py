"""Where a recipe's `weights` are: a reference model that ships with the package, or a checkpoint folder."""

from importlib.resources import files
from pathlib import Path

from speechtrt.errors import CheckpointError


def source_folder(weights: str) -> Path:
    """The checkpoint folder. Raises CheckpointError when there is none."""
    shipped = Path(str(files("speechtrt.models.weights").joinpath(weights)))
    folder = shipped if shipped.is_dir() else Path(weights)
    if not folder.is_dir():
        raise CheckpointError(
            f"{weights}: is neither a reference model nor a folder; expected the weights that the recipe starts from, "
            "so train those first (`speechtrt train ctc --recipe ctc-base` makes those of the shipped recipes)"
        )
    return folder
