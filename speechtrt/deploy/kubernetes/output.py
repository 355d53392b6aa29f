"""A fleet's folder on disk: written whole, over nothing but a fleet of the same namespace."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from speechtrt.artifact import staged_folder
from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.tree import tree
from speechtrt.deploy.observability.exported import expect_exported, exported_series
from speechtrt.documents import SCHEMA, read_document, write_document
from speechtrt.errors import DeployError

FLEET_FILE = "fleet.json"


@dataclass(frozen=True, slots=True)
class PoolRecord:
    """A pool as it was written: the node labels it may run on, its models, and the hash that names its volume."""

    name: str
    products: tuple[str, ...]
    engines: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class FleetRecord:
    """What a folder of manifests was made of (`fleet.json`)."""

    namespace: str
    image: str
    pools: tuple[PoolRecord, ...]
    schema: int = SCHEMA


def write_fleet(fleet: Fleet, out: Path, metrics: Path | None = None) -> None:
    """Write every file below `out`. Raises DeployError, ManifestError or StorageError; `out` is then as it was."""
    _expect_own(out, fleet.namespace)
    files = tree(fleet)
    expect_exported(queries(files), exported_series(metrics))
    with staged_folder(out) as staging:
        for path, data in files.items():
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_bytes(data)
        write_document(staging / FLEET_FILE, _record(fleet))


def queries(files: dict[str, bytes]) -> list[str]:
    """Every text in the manifests that asks for a series of ours."""
    documents = [d for path, data in files.items() if path.endswith(".yaml") for d in yaml.safe_load_all(data)]
    return [text for document in documents for text in _texts(document) if "speechtrt_" in text]


def _texts(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for item in inner for text in _texts(item)]


def _expect_own(out: Path, namespace: str) -> None:
    if not out.exists() or not any(out.iterdir()):
        return
    if not (out / FLEET_FILE).is_file():
        raise DeployError(f"{out}: holds other files (no {FLEET_FILE}); choose a folder for the fleet alone")
    found = read_document(out / FLEET_FILE, FleetRecord).namespace
    if found != namespace:
        raise DeployError(f"{out}: holds the fleet of namespace {found!r}, not {namespace!r}; choose another folder")


def _record(fleet: Fleet) -> FleetRecord:
    pools = (
        PoolRecord(p.name, p.products, tuple(f"{f.manifest.name} {f.manifest.backend}" for f in p.sets), p.digest)
        for p in fleet.pools
    )
    return FleetRecord(fleet.namespace, fleet.image, tuple(pools))
