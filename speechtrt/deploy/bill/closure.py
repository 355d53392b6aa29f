"""What an installed package needs, and what that needs, from the metadata of what is installed."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from speechtrt.errors import ConfigError

Wanted = tuple[str, frozenset[str]]  # a name, and extras of it


@dataclass(frozen=True, slots=True)
class Part:
    """An installed distribution, and the names of those it needs."""

    name: str
    version: str
    licence: str | None
    needs: tuple[str, ...]


def closure(name: str, extras: Sequence[str]) -> tuple[Part, ...]:
    """The package with its extras, then everything below it by name. Raises ConfigError for what is not installed."""
    wanted: dict[str, frozenset[str]] = {}
    waiting: deque[Wanted] = deque([(canonicalize_name(name), frozenset(map(canonicalize_name, extras)))])
    while waiting:
        part, asked = waiting.popleft()
        if part in wanted and asked <= wanted[part]:
            continue
        wanted[part] = wanted.get(part, frozenset()) | asked
        waiting.extend(_needs(part, wanted[part]))
    first, *rest = wanted
    return tuple(_part(part, wanted[part]) for part in (first, *sorted(rest)))


def _needs(name: str, extras: frozenset[str]) -> Iterator[Wanted]:
    """The requirements that hold on this machine, each with the extras it asks for."""
    found = _distribution(name)
    known = {canonicalize_name(extra) for extra in found.metadata.get_all("Provides-Extra") or ()}
    if missing := sorted(extras - known):
        raise ConfigError(f"{name} has no extra {missing[0]!r}; expected some of {', '.join(sorted(known))}")
    for requirement in map(Requirement, found.requires or ()):
        environments = [{"extra": extra} for extra in ("", *sorted(extras))]
        if requirement.marker is None or any(map(requirement.marker.evaluate, environments)):
            yield canonicalize_name(requirement.name), frozenset(map(canonicalize_name, requirement.extras))


def _part(name: str, extras: frozenset[str]) -> Part:
    found = _distribution(name)
    needs = tuple(sorted({need for need, _ in _needs(name, extras)}))
    return Part(name, found.version, _licence(found.metadata), needs)


def _distribution(name: str) -> metadata.Distribution:
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError as error:
        raise ConfigError(f"{name} is not installed; a bill lists what is, so install it with its extras") from error


def _licence(fields: metadata.PackageMetadata) -> str | None:
    """An SPDX expression, the words of the metadata, or what its classifiers say."""
    for field in ("License-Expression", "License"):
        for text in fields.get_all(field) or ():
            if text.strip() and "\n" not in text.strip():
                return str(text.strip())
    classifiers = [c for c in fields.get_all("Classifier") or () if c.startswith("License ::")]
    return classifiers[0].rpartition(" :: ")[2] if classifiers else None
