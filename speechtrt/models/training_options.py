"""Options that the training commands share."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

DATA = Path("build/train/data")
Command = Callable[..., Any]

data_option = click.option(
    "--data", "data", type=click.Path(path_type=Path), default=DATA, show_default=True, help="Folder of the sets."
)
recipe_option = click.option(
    "--recipe", type=click.Path(path_type=Path), help="TOML recipe; the shipped one if absent."
)


def run_option(folder: Path) -> Callable[[Command], Command]:
    """The folder of a run, as parameter `out`."""
    return click.option(
        "--out", type=click.Path(path_type=Path), default=folder, show_default=True, help="Folder of the run."
    )


@dataclass(frozen=True, slots=True)
class Effort:
    """What a training may use: device and precision, wall minutes and updates of the whole, threads."""

    device: str
    precision: str
    resume: bool
    minutes: float | None
    steps: int | None
    threads: int | None


def training_options(command: Command) -> Command:
    """Options for one parameter, `effort`."""

    @wraps(command)
    def gathered(**values: Any) -> Any:
        effort = Effort(**{name: values.pop(name) for name in Effort.__slots__})
        return command(**values, effort=effort)

    for option in reversed(_OPTIONS):
        gathered = option(gathered)
    return gathered


_OPTIONS = (
    click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True),
    click.option(
        "--precision",
        type=click.Choice(["auto", "fp32", "bf16"]),
        default="auto",
        show_default=True,
        help="auto: mixed precision on a GPU, fp32 on a CPU.",
    ),
    click.option("--resume", is_flag=True, help="Go on exactly where the run in OUT stopped."),
    click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Wall time of the whole training."),
    click.option("--steps", type=click.IntRange(min=1), help="Updates of the whole training."),
    click.option("--threads", type=click.IntRange(min=1), help="CPU threads; PyTorch's choice if absent."),
)
