"""When a pool grows and shrinks, whoever watches: the figures, their targets, and how fast."""

from dataclasses import dataclass

from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.pool import Pool
from speechtrt.deploy.observability.signal import CHUNK_P95, GPU_LOAD, OCCUPANCY, QUEUE, Signal
from speechtrt.deploy.yaml_file import Document

POOL_LABEL = "pool"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a pool that more servers keep below `limit`; `shared` figures are divided by the servers."""

    signal: Signal
    limit: float
    shared: bool = False


def targets(pool: Pool) -> tuple[Target, ...]:
    """What a pool is scaled on."""
    everywhere = (Target(OCCUPANCY, 0.7), Target(CHUNK_P95, 0.08), Target(QUEUE, 2.0, shared=True))
    return (*everywhere, Target(GPU_LOAD, 0.85)) if pool.hardware.gpus else everywhere


def pool_matchers(fleet: Fleet, pool: Pool) -> str:
    """Series of one pool."""
    return f'namespace="{fleet.namespace}", pool="{pool.name}"'


def behaviour() -> Document:
    """Up at once, down one server at a time: streams last for minutes, and those of a server that leaves go on."""
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "policies": [{"type": "Percent", "value": 100, "periodSeconds": 30}],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": 600,
            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}],
        },
    }
