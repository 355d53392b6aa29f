"""What somebody is called for."""

from dataclasses import dataclass

from speechtrt.deploy.observability.signal import (
    CHUNK_P95,
    DROPPED_AUDIO,
    DROPS,
    ERRORS,
    FIRST_AUDIO_P95,
    GPU_MEMORY,
    GUARD,
    OCCUPANCY,
    READY,
    RUNG,
    Signal,
)
from speechtrt.deploy.yaml_file import Document

RUNBOOK = "docs/kubernetes.md"


@dataclass(frozen=True, slots=True)
class Alert:
    """A recorded figure on the wrong side of `limit` for `minutes`. `urgent` wakes people up."""

    name: str
    signal: Signal
    comparison: str
    limit: float
    minutes: int
    summary: str
    urgent: bool = False

    def rule(self) -> Document:
        """As Prometheus reads it."""
        return {
            "alert": self.name,
            "expr": f"{self.signal.record} {self.comparison} {self.limit:g}",
            "for": f"{self.minutes}m",
            "labels": {"severity": "critical" if self.urgent else "warning"},
            "annotations": {
                "summary": f"{self.summary} (pool {{{{ $labels.pool }}}}: {{{{ $value | humanize }}}})",
                "runbook": f"{RUNBOOK}#{self.name.lower()}",
            },
        }


ALERTS = (
    Alert("SpeechtrtNobodyReady", READY, "==", 0, 1, "No server of the pool takes requests", urgent=True),
    Alert("SpeechtrtErrors", ERRORS, ">", 0.01, 5, "Requests fail", urgent=True),
    Alert("SpeechtrtGuardTripped", GUARD, ">", 0, 0, "A guard has replaced engines by the reference precision"),
    Alert("SpeechtrtSlowChunks", CHUNK_P95, ">", 0.1, 5, "Words come late"),
    Alert("SpeechtrtSlowFirstAudio", FIRST_AUDIO_P95, ">", 1, 5, "Speech begins late"),
    Alert("SpeechtrtRefusing", DROPS, ">", 0.01, 5, "Requests are refused"),
    Alert("SpeechtrtFull", OCCUPANCY, ">", 0.9, 10, "Nearly every slot is in use"),
    Alert("SpeechtrtDegraded", RUNG, ">=", 3, 5, "The overload ladder has climbed to the smaller models"),
    Alert("SpeechtrtAudioDropped", DROPPED_AUDIO, ">", 0.001, 5, "Audio of live streams is left unheard"),
    Alert("SpeechtrtGpuMemory", GPU_MEMORY, ">", 0.95, 5, "The GPU's memory is nearly full"),
)
