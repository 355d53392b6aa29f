"""GPUs that a pool may be made of."""

from dataclasses import dataclass

from speechtrt.errors import DeployError


@dataclass(frozen=True, slots=True)
class Gpu:
    """A kind of GPU. `products` are its values of the node label nvidia.com/gpu.product; `large` ones have room for
    the large models.
    """

    name: str
    products: tuple[str, ...]
    large: bool


T4 = Gpu("T4", ("Tesla-T4", "NVIDIA-T4"), large=False)
L4 = Gpu("L4", ("NVIDIA-L4",), large=False)
A100 = Gpu(
    "A100",
    ("NVIDIA-A100-SXM4-40GB", "NVIDIA-A100-SXM4-80GB", "NVIDIA-A100-PCIE-40GB", "NVIDIA-A100-80GB-PCIe"),
    large=True,
)
H100 = Gpu("H100", ("NVIDIA-H100-80GB-HBM3", "NVIDIA-H100-PCIe", "NVIDIA-H100-NVL"), large=True)
H200 = Gpu("H200", ("NVIDIA-H200", "NVIDIA-H200-NVL"), large=True)
GPUS = {gpu.name: gpu for gpu in (T4, L4, A100, H100, H200)}


def gpu_named(name: str) -> Gpu:
    """The GPU of that name, in any case. Raises DeployError."""
    found = GPUS.get(name.strip().upper())
    if found is None:
        raise DeployError(f"{name!r} is no GPU that a pool can be made of; expected one of {', '.join(GPUS)}, or cpu")
    return found


def product_label(device_name: str) -> str:
    """A GPU's own name as its node label has it."""
    return device_name.replace(" ", "-")
