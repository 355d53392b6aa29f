"""The JSON Schemas that come with the package."""

import json
from importlib import resources
from typing import Any

ENVELOPE = "result"


def schemas_for(kind: str) -> tuple[dict[str, Any], ...]:
    """What a document of `kind` must satisfy: the schema of all results, and that of its kind when there is one."""
    folder = resources.files("speechtrt.benchmarks.schemas")
    files = (folder.joinpath(f"{name}.json") for name in (ENVELOPE, kind))
    return tuple(json.loads(file.read_text()) for file in files if file.is_file())
