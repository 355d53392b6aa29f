"""Reading result documents, and refusing those that cannot be compared."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from speechtrt.documents import SCHEMA
from speechtrt.errors import BenchmarkError


@dataclass(frozen=True, slots=True)
class Document:
    """A result as it was written."""

    path: Path
    content: dict[str, Any]

    @property
    def kind(self) -> str:
        """What was measured."""
        return str(self.content["kind"])

    @property
    def quotable(self) -> bool:
        """Whether the run found no reason against quoting it."""
        return self.content.get("valid") is True

    @classmethod
    def read(cls, path: Path, kinds: tuple[str, ...]) -> "Document":
        """Parse `path`. Raises BenchmarkError for what is no result, of another schema or of an unknown kind."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BenchmarkError(f"{path}: cannot be read ({error}); expected a result that speechtrt wrote") from error
        if not isinstance(content, dict) or not {"schema", "kind", "trials"} <= content.keys():
            raise BenchmarkError(f"{path}: is no result document; expected one with schema, kind and trials")
        if content["schema"] != SCHEMA:
            raise BenchmarkError(
                f"{path}: has schema {content['schema']}, this version compares schema {SCHEMA}; measure again"
            )
        if content["kind"] not in kinds:
            raise BenchmarkError(f"{path}: is a result of kind {content['kind']!r}; expected one of {', '.join(kinds)}")
        return cls(path, content)


def expect_alike(first: Document, second: Document, fields: tuple[str, ...]) -> None:
    """Refuse results of different kinds, or whose loads differ in `fields`. Raises BenchmarkError."""
    if first.kind != second.kind:
        raise BenchmarkError(
            f"{first.path} is of kind {first.kind!r} and {second.path} of kind {second.kind!r}; compare two of one kind"
        )
    for field in fields:
        a, b = (d.content["load"].get(field) for d in (first, second))
        if a != b:
            raise BenchmarkError(
                f"{first.path} and {second.path} measured different loads ({field}: {a} and {b}); measure one again"
            )


def doubts(first: Document, second: Document) -> list[str]:
    """Why the comparison says less than it seems to."""
    found = [f"{d.path} is marked as not valid for quoting" for d in (first, second) if not d.quotable]
    machines = [{k: d.content["environment"].get(k) for k in ("cpu", "cores", "system")} for d in (first, second)]
    if machines[0] != machines[1]:
        found.append("the results come from different machines, so times differ for that reason too")
    return found
