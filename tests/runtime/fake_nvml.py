"""A driver of GPUs that is made up."""

from types import SimpleNamespace


class Failure(Exception):
    pass


class Driver:
    """As much of pynvml as is used. `broken` is the name of a call that fails."""

    NVMLError = Failure

    def __init__(self, broken: str = "") -> None:
        self.broken = broken
        self.open = 0

    def call(self, name: str) -> None:
        if name == self.broken:
            raise Failure(name)

    def nvmlInit(self) -> None:
        self.call("init")
        self.open += 1

    def nvmlShutdown(self) -> None:
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, number: int) -> int:
        return number

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        self.call("memory")
        return SimpleNamespace(used=10 + handle, total=40)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=50, memory=1)

    def nvmlDeviceGetUUID(self, handle: int) -> str:
        return f"GPU-{handle}"
