"""A bill of materials as CycloneDX 1.6: the same document for the same installation."""

import uuid
from collections.abc import Sequence

import msgspec

from speechtrt.deploy.bill.closure import Part

NAMESPACE = uuid.UUID("9e1f9f0a-5c1f-5a2e-8a51-6d5b6f0c3a10")  # drawn once, for bills of this project


def bill(parts: Sequence[Part]) -> dict[str, object]:
    """The first part is what the bill is of."""
    whole, *others = parts
    references = {part.name: reference(part) for part in parts}
    body: dict[str, object] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**component(whole), "type": "application"}},
        "components": [component(part) for part in others],
        "dependencies": [
            {"ref": references[part.name], "dependsOn": [references[need] for need in part.needs]} for part in parts
        ],
    }
    serial = uuid.uuid5(NAMESPACE, msgspec.json.encode(body, order="deterministic").decode())
    return {**body, "serialNumber": f"urn:uuid:{serial}"}


def component(part: Part) -> dict[str, object]:
    """A distribution of the Python package index."""
    found: dict[str, object] = {
        "type": "library",
        "bom-ref": reference(part),
        "name": part.name,
        "version": part.version,
        "purl": reference(part),
    }
    return {**found, "licenses": [{"license": {"name": part.licence}}]} if part.licence else found


def reference(part: Part) -> str:
    """Its package URL."""
    return f"pkg:pypi/{part.name}@{part.version.replace('+', '%2B')}"
