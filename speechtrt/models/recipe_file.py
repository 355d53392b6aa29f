"""Recipes are TOML files that become frozen dataclasses."""

import tomllib
from dataclasses import fields
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from speechtrt.errors import DataError

Recipe = TypeVar("Recipe")


def shipped_recipe(name: str) -> Path:
    """The recipe file `name` that comes with the package."""
    return Path(str(files("speechtrt.models.recipes").joinpath(name)))


def read_recipe(path: Path, form: type[Recipe], table: str | None = None) -> Recipe:
    """The recipe in `path` (its [table], if one is named). Raises DataError for a missing, unknown or wrong key."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        values: dict[str, Any] = document if table is None else document[table]
        unknown = values.keys() - {field.name for field in fields(form)}  # type: ignore[arg-type]
        if unknown:
            raise ValueError(f"it has no use for {', '.join(sorted(unknown))}")
        return msgspec.convert(values, form)
    except (OSError, LookupError, ValueError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"{path}: is not a {form.__name__} ({error}); compare it with the shipped recipes") from error
