"""Everything a cluster is told, as typed values; manifests are made of nothing else."""

from dataclasses import dataclass, field

from speechtrt.deploy.kubernetes.pool import Pool

HTTP_PORT, GRPC_PORT, OPERATOR_PORT = 8080, 50051, 9464
CUT_SECONDS = 13  # what the server takes to stop after it has drained, and some more


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds in the life of a stream. `settle` is what routers need to learn that a pod leaves, before it drains."""

    session: int = 1800
    settle: int = 15

    @property
    def drain(self) -> int:
        """Longer than the longest stream that had begun before."""
        return self.session + 5

    @property
    def grace(self) -> int:
        """From the decision to end a pod to its being killed."""
        return self.settle + self.drain + CUT_SECONDS


@dataclass(frozen=True, slots=True)
class Scale:
    """How many servers a pool has, and how many streams and texts each of them takes."""

    least: int = 2
    most: int = 8
    stream_slots: int = 64
    speech_slots: int = 16

    @property
    def connections(self) -> int:
        """Requests of all kinds that a server takes before it refuses."""
        return self.stream_slots + 2 * self.speech_slots


@dataclass(frozen=True, slots=True)
class Fleet:
    """Servers of every pool behind one router. `keys` names the secret with the API keys; without a storage class the
    cluster's own is taken.
    """

    namespace: str
    image: str
    router_image: str
    pools: tuple[Pool, ...]
    monitoring: str = "monitoring"
    prometheus: str = "http://prometheus-operated.monitoring.svc:9090"
    keys: str = "speechtrt-keys"
    timing: Timing = field(default_factory=Timing)
    scale: Scale = field(default_factory=Scale)
    storage_class: str | None = None
