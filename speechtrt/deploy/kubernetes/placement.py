"""Which engine set is served on which hardware, decided by what it was built for and by how much room it needs."""

from collections.abc import Sequence
from enum import Enum

from speechtrt.deploy.kubernetes.gpu import product_label
from speechtrt.deploy.kubernetes.pool import CPU, DEFAULT, Hardware, Pool, mount_of
from speechtrt.engine_set import EngineFolder
from speechtrt.errors import DeployError
from speechtrt.precision import BackendName, Precision


class Size(Enum):
    """How much room a model needs, as its name says; SAME is as good on one GPU as on the other."""

    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"
    SAME = ""


def size_of(folder: EngineFolder) -> Size:
    """The size that the model's name ends with."""
    name = folder.manifest.model.name
    return next((size for size in Size if size.value and name.endswith(size.value)), Size.SAME)


def place(folders: Sequence[EngineFolder], hardware: Sequence[Hardware] = ()) -> tuple[Pool, ...]:
    """Pools that serve every engine set somewhere; `hardware` empty means the usual pools, as far as they are needed.

    Raises DeployError.
    """
    offered = tuple(hardware) or (*DEFAULT, CPU)
    _expect_distinct([h.name for h in offered])
    homes = {folder.path: _homes(folder, offered) for folder in folders}
    pools = [_pool(h, [f for f in folders if h in homes[f.path]]) for h in offered]
    if hardware and (idle := [p.name for p in pools if not p.sets]):
        raise DeployError(f"pool {idle[0]} would serve nothing; give an engine set for it, or leave the pool out")
    return tuple(pool for pool in pools if pool.sets)


def _expect_distinct(names: Sequence[str]) -> None:
    if double := {name for name in names if names.count(name) > 1}:
        raise DeployError(f"two pools are called {double.pop()!r}; give each a name of its own")


def _homes(folder: EngineFolder, offered: Sequence[Hardware]) -> list[Hardware]:
    """Where an engine set is served: wherever it runs, and fits, if it fits anywhere."""
    runs = [h for h in offered if _products(folder, h) is not None]
    if not runs:
        raise DeployError(_nowhere(folder, offered))
    return [h for h in runs if _fits(folder, h)] or runs


def _products(folder: EngineFolder, hardware: Hardware) -> tuple[str, ...] | None:
    """Node labels of the GPUs that an engine set runs on; None where it runs on none."""
    backend, device = folder.manifest.backend, folder.manifest.device
    if backend is BackendName.ORT_CPU:
        return None if hardware.gpus else ()
    if backend is BackendName.TENSORRT:
        label = product_label(device.get("name", ""))
        return (label,) if label in hardware.products else None
    return hardware.products or None if backend is BackendName.ORT_CUDA else None


def _fits(folder: EngineFolder, hardware: Hardware) -> bool:
    """Large GPUs serve large and medium models, small ones small and medium models, the latter in INT8."""
    if not hardware.gpus:
        return True
    match size_of(folder):
        case Size.LARGE:
            return hardware.large
        case Size.SMALL:
            return not hardware.large
        case Size.MEDIUM:
            return hardware.large != (folder.manifest.precision is Precision.INT8)
        case Size.SAME:
            return True


def _nowhere(folder: EngineFolder, offered: Sequence[Hardware]) -> str:
    backend, device = folder.manifest.backend, folder.manifest.device
    return (
        f"{folder.path}: {backend} engines for {device.get('name') or 'an unknown device'} run in none of the pools "
        f"{', '.join(map(str, offered))}; build them there, or give a pool of that hardware with --pool"
    )


def _pool(hardware: Hardware, folders: list[EngineFolder]) -> Pool:
    names = [folder.manifest.model.name for folder in folders]
    if double := {name for name in names if names.count(name) > 1}:
        model = double.pop()
        both = ", ".join(mount_of(f) for f in folders if f.manifest.model.name == model)
        raise DeployError(
            f"pool {hardware} would serve {model!r} twice ({both}); give one of them, or a pool for each with --pool"
        )
    found = [_products(folder, hardware) or () for folder in folders]
    shared = tuple(product for product in hardware.products if all(product in products for products in found))
    if hardware.gpus and folders and not shared:
        raise DeployError(
            f"pool {hardware} has no GPU that all its engines were built for "
            f"({', '.join(sorted({p for products in found for p in products}))}); give a pool for each with --pool"
        )
    return Pool(hardware, tuple(folders), shared)
