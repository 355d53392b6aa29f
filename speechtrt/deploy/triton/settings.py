"""What a repository is written for."""

from dataclasses import dataclass

from speechtrt.deploy.triton.flavour import Device, Flavour


@dataclass(frozen=True, slots=True)
class Settings:
    """`streams` live streams in batches of up to `batch` per instance, `sentences` decoded at once, `queue` more texts.

    `instances` processes hear streams; a stream that is silent for `idle_seconds` loses its place. `chunk` is in
    milliseconds; None is the largest. `device` None is wherever the engines run.
    """

    flavour: Flavour = Flavour.PYTHON
    streams: int = 64
    batch: int = 16
    instances: int = 1
    sentences: int = 16
    queue: int = 64
    chunk: int | None = None
    idle_seconds: int = 60
    device: Device | None = None
