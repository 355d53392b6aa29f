"""A model repository: which models an engine set becomes, and all of them on disk or none."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from speechtrt.artifact import staged_folder
from speechtrt.deploy.triton.flavour import Flavour, expect_runnable
from speechtrt.deploy.triton.listening import listening
from speechtrt.deploy.triton.model import Model
from speechtrt.deploy.triton.settings import Settings
from speechtrt.deploy.triton.speaking import speaking
from speechtrt.deploy.triton.stage import plain_stage
from speechtrt.deploy.triton.stateful import stateful_step
from speechtrt.deploy.triton.transcribing import transcribing
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import ManifestError, StorageError

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
OFFLINE_STAGE, SOUND_STAGE = "encoder", "vocoder"


@dataclass(frozen=True, slots=True)
class Repository:
    """Models with different names."""

    models: tuple[Model, ...]

    @classmethod
    def of(cls, paths: Sequence[Path], settings: Settings) -> "Repository":
        """The models of these engine sets. Raises ManifestError, IntegrityError or BackendError."""
        folders = [EngineFolder.open(path) for path in paths]
        for folder in folders:
            _expect_name(folder)
            expect_runnable(folder, settings.flavour, settings.device)
        models = tuple(model for folder in folders for model in _models(folder, settings))
        names = [model.name for model in models]
        if double := next((name for name in names if names.count(name) > 1), None):
            raise ManifestError(f"two engine sets make a model called {double!r}; give each model once")
        return cls(models)

    def write(self, target: Path) -> None:
        """Write everything, or nothing. Raises StorageError when there is something at `target`."""
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise StorageError(
                f"{target}: is not empty; expected a new or empty folder, so choose another or remove it"
            )
        with staged_folder(target) as staging:
            for model in self.models:
                model.write(staging)


def _expect_name(folder: EngineFolder) -> None:
    name = folder.manifest.model.name
    if not NAME.fullmatch(name):
        raise ManifestError(
            f"{folder.path}: its model is called {name!r}; expected a name of letters, digits, '_', '.' and '-', "
            "as Triton's models have; export it with another --name"
        )


def _models(folder: EngineFolder, settings: Settings) -> Iterator[Model]:
    """A set's models."""
    ctc = folder.manifest.model.ctc
    if ctc is None:
        yield speaking(folder, settings)
        yield plain_stage(folder, SOUND_STAGE, settings.flavour)
    elif ctc.recording is not None:
        if settings.flavour is Flavour.PYTHON:
            yield transcribing(folder, settings)
        yield plain_stage(folder, OFFLINE_STAGE, settings.flavour)
    elif settings.flavour is Flavour.PYTHON:
        yield listening(folder, ctc, settings)
    else:
        yield from (stateful_step(folder, ctc, chunk, settings) for chunk in ctc.chunks)
