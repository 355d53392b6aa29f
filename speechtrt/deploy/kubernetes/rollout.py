"""New engine sets come by canary: a share of the servers, judged by Prometheus, and back by themselves."""

from dataclasses import dataclass

from speechtrt.bundle import Task
from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.monitoring import HASH_LABEL
from speechtrt.deploy.kubernetes.naming import pool_labels, resource, server_name
from speechtrt.deploy.kubernetes.pool import Pool
from speechtrt.deploy.kubernetes.scaling import pool_matchers
from speechtrt.deploy.observability.signal import CHUNK_P95, DROPS, ERRORS, FIRST_AUDIO_P95, GUARD, Signal
from speechtrt.deploy.shadow.counts import Track
from speechtrt.deploy.yaml_file import Document

SHARES = (10, 30, 60)
PAUSE = "15m"
VERSION = "argoproj.io/v1alpha1"
WORSE_BY = 0.02  # word error rate of a dialect, absolute


@dataclass(frozen=True, slots=True)
class Judgement:
    """A figure of the canary and its limit; every value counts where a query gives several."""

    name: str
    query: str
    limit: float

    def metric(self, prometheus: str) -> Document:
        """As Argo Rollouts reads it: no answer and NaN are neither success nor failure."""
        return {
            "name": self.name,
            "interval": "1m",
            "initialDelay": "3m",
            "failureLimit": 1,
            "inconclusiveLimit": 10,
            "consecutiveErrorLimit": 5,
            "successCondition": f"len(result) > 0 && all(result, {{!isNaN(#) && # < {self.limit:g}}})",
            "failureCondition": f"any(result, {{!isNaN(#) && # >= {self.limit:g}}})",
            "provider": {"prometheus": {"address": prometheus, "query": self.query}},
        }


def judgements(fleet: Fleet, pool: Pool) -> tuple[Judgement, ...]:
    """What a canary of the pool must hold, by what it serves."""
    of = f'{pool_matchers(fleet, pool)}, {HASH_LABEL.replace("-", "_")}="{{{{args.hash}}}}"'
    found = [
        Judgement("drop-rate", _of(DROPS, of), 0.01),
        Judgement("error-rate", _of(ERRORS, of), 0.01),
        Judgement("guards-tripped", _of(GUARD, of), 1),
    ]
    tasks = {folder.manifest.model.task for folder in pool.sets}
    if Task.CTC in tasks:
        found.append(Judgement("chunk-latency-p95", _of(CHUNK_P95, of), 0.1))
        found.append(Judgement("word-errors-by-dialect", _worse(pool_matchers(fleet, pool)), WORSE_BY))
    if Task.TTS in tasks:
        found.append(Judgement("first-audio-p95", _of(FIRST_AUDIO_P95, of), 1.0))
    return tuple(found)


def analysis(fleet: Fleet, pool: Pool) -> Document:
    """How a pool's canary is judged."""
    metrics = [judgement.metric(fleet.prometheus) for judgement in judgements(fleet, pool)]
    return resource(VERSION, "AnalysisTemplate", _analysis_name(pool), {"args": [{"name": "hash"}], "metrics": metrics})


def rollout(pool: Pool) -> Document:
    """Takes the pods of the pool's deployment; shares are shares of pods, because streams stay where they are."""
    name = server_name(pool)
    arguments = [{"name": "hash", "valueFrom": {"podTemplateHashValue": "Latest"}}]
    steps = [step for share in SHARES for step in ({"setWeight": share}, {"pause": {"duration": PAUSE}})]
    canary = {
        "stableService": f"{name}-stable",
        "canaryService": f"{name}-canary",
        "maxSurge": 1,
        "maxUnavailable": 0,
        "analysis": {"templates": [{"templateName": _analysis_name(pool)}], "startingStep": 1, "args": arguments},
        "steps": steps,
    }
    spec = {
        "selector": {"matchLabels": pool_labels(pool)},
        "workloadRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "strategy": {"canary": canary},
    }
    return resource(VERSION, "Rollout", name, spec, pool_labels(pool))


def _of(signal: Signal, of: str) -> str:
    return signal.query(of, by="", window="5m")


def _worse(of: str) -> str:
    """How much more of each dialect's words the canary mishears than the stable version."""
    return f"({_word_errors(of, Track.CANARY)}) - ({_word_errors(of, Track.STABLE)})"


def _word_errors(of: str, track: Track) -> str:
    series = f'{{{of}, track="{track}"}}[30m]'
    errors, words = (
        f"sum by (dialect) (increase(speechtrt_shadow_{n}_total{series}))" for n in ("word_errors", "words")
    )
    return f"{errors} / {words}"


def _analysis_name(pool: Pool) -> str:
    return f"{server_name(pool)}-canary"
