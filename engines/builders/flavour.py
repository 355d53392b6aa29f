"""The two TensorRT modules: one Python interface, two libraries."""

import importlib
import os
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from speechtrt.errors import BackendError
from speechtrt.precision import BackendName

OLDEST = (10, 15)  # the first TensorRT whose networks have cache updates and attention
REMEDY = "pip install 'speechtrt[tensorrt]' --extra-index-url https://pypi.nvidia.com"


@dataclass(frozen=True, slots=True)
class Flavour:
    """A TensorRT library: what people call it, the module that binds it, and how to install that."""

    label: str
    module: str
    remedy: str
    oldest: tuple[int, ...]
    ahead_of_time: bool

    def load(self) -> Any:
        """The module. Raises BackendError when it is absent, broken or too old."""
        try:
            module = importlib.import_module(self.module)
        except (ImportError, OSError) as error:
            raise BackendError(
                f"{self.label} cannot be loaded ({error}); building for it needs: {self.remedy}"
            ) from error
        version = str(getattr(module, "__version__", "0"))
        if _numbers(version) < self.oldest:
            wanted = ".".join(map(str, self.oldest))
            raise BackendError(f"{self.label} {version} is too old, expected {wanted} or newer; {self.remedy}")
        return module

    def version(self) -> str:
        """Of the module. Raises BackendError."""
        return str(self.load().__version__)


RTX = Flavour("TensorRT-RTX", "tensorrt_rtx_bindings", "pip install 'speechtrt[export]'", (1, 7), True)
FULL = Flavour("TensorRT", "tensorrt", REMEDY, OLDEST, False)
FLAVOURS = {BackendName.TENSORRT_RTX: RTX, BackendName.TENSORRT: FULL}


@cache
def prepare(flavour: Flavour) -> Any:
    """The module, made known to Polygraphy, which drives one of them in a process. Raises BackendError."""
    module = flavour.load()
    if _in_use() not in (None, flavour.ahead_of_time):
        raise BackendError(f"this process has built for the other TensorRT; build for {flavour.label} in a new one")
    os.environ["POLYGRAPHY_USE_TENSORRT_RTX"] = "1" if flavour.ahead_of_time else "0"
    if flavour.ahead_of_time:
        sys.modules.setdefault("tensorrt_rtx", module)
    return module


def _in_use() -> bool | None:
    """True when Polygraphy was loaded for TensorRT-RTX, False for TensorRT, None when it was not loaded."""
    if "polygraphy.backend.trt" not in sys.modules:
        return None
    return os.environ.get("POLYGRAPHY_USE_TENSORRT_RTX") == "1"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2] if part.isdecimal())
