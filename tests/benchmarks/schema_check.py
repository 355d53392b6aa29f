"""Holding a document against the schemas that ship with the package."""

import json
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from speechtrt.benchmarks.schemas.shipped import schemas_for


def violations(document: dict[str, Any]) -> list[str]:
    """What is wrong with a result, by place."""
    return [
        f"{error.json_path}: {error.message}"
        for schema in schemas_for(str(document.get("kind")))
        for error in Draft202012Validator(schema).iter_errors(document)
    ]


def violations_in(path: Path) -> list[str]:
    """What is wrong with a result file."""
    return violations(json.loads(path.read_text()))
