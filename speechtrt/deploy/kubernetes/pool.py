"""A pool: nodes of like hardware, and the engine sets that each of its servers holds."""

from dataclasses import dataclass

from speechtrt.artifact import sha256_bytes, sha256_file
from speechtrt.deploy.kubernetes.dns_label import dns_label
from speechtrt.deploy.kubernetes.gpu import A100, H100, H200, L4, T4, Gpu, gpu_named
from speechtrt.engine_set import ENGINE_FILE, EngineFolder
from speechtrt.errors import DeployError

NAME_ROOM = 20  # for what names of resources add to that of their pool


@dataclass(frozen=True, slots=True)
class Hardware:
    """What a pool's nodes have; without `gpus` these are CPUs alone."""

    name: str
    gpus: tuple[Gpu, ...]

    @property
    def products(self) -> tuple[str, ...]:
        """Node labels of all its GPUs."""
        return tuple(product for gpu in self.gpus for product in gpu.products)

    @property
    def large(self) -> bool:
        """Whether every GPU has room for large models."""
        return bool(self.gpus) and all(gpu.large for gpu in self.gpus)

    def __str__(self) -> str:
        return f"{self.name} ({', '.join(gpu.name for gpu in self.gpus) or 'cpu'})"


DEFAULT = (Hardware("small", (T4, L4)), Hardware("large", (A100, H100, H200)))  # the cheaper one first
CPU = Hardware("cpu", ())


@dataclass(frozen=True, slots=True)
class Pool:
    """Hardware with what is served on it; `products` are the node labels that all engine sets can run on."""

    hardware: Hardware
    sets: tuple[EngineFolder, ...]
    products: tuple[str, ...]

    @property
    def name(self) -> str:
        """A DNS label."""
        return self.hardware.name

    @property
    def models(self) -> tuple[str, ...]:
        """Names of the models, in the order in which the server takes them for its default."""
        return tuple(folder.manifest.model.name for folder in self.sets)

    @property
    def digest(self) -> str:
        """Names the engine volume: another engine set is another volume."""
        found = [f"{mount_of(folder)} {sha256_file(folder.path / ENGINE_FILE)}" for folder in self.sets]
        return sha256_bytes("\n".join(sorted(found)).encode())[:12]


def mount_of(folder: EngineFolder) -> str:
    """Where an engine set lies in its volume."""
    manifest = folder.manifest
    return f"{manifest.model.name}/{manifest.backend}-{manifest.requested}"


def parse_hardware(text: str) -> Hardware:
    """`NAME=GPU[,GPU...]` or `NAME=cpu`. Raises DeployError."""
    name, equals, kinds = text.partition("=")
    if not equals or not kinds:
        raise DeployError(f"{text!r} is no pool; expected NAME=GPU,GPU or NAME=cpu")
    dns_label(name, "pool", NAME_ROOM)
    return Hardware(name, () if kinds == "cpu" else tuple(gpu_named(kind) for kind in kinds.split(",")))
