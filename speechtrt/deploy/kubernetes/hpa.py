"""Autoscaling by Kubernetes itself, for clusters with the Prometheus Adapter."""

from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.naming import resource, server_name
from speechtrt.deploy.kubernetes.pool import Pool
from speechtrt.deploy.kubernetes.scaling import Target, behaviour, targets
from speechtrt.deploy.observability.exported import series_of
from speechtrt.deploy.yaml_file import Document


def autoscaler(fleet: Fleet, pool: Pool) -> Document:
    """Keeps the mean over the pool's pods at each target; the largest need decides."""
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": server_name(pool)},
        "minReplicas": fleet.scale.least,
        "maxReplicas": fleet.scale.most,
        "metrics": [_metric(target) for target in targets(pool)],
        "behavior": behaviour(),
    }
    return resource("autoscaling/v2", "HorizontalPodAutoscaler", server_name(pool), spec)


def adapter_values(fleet: Fleet) -> Document:
    """Values for the adapter's Helm chart: each figure of a pod under the name by which an autoscaler asks for it."""
    found = {target.signal.name: target for pool in fleet.pools for target in targets(pool)}
    return {"rules": {"custom": [_rule(target) for target in found.values()]}}


def _metric(target: Target) -> Document:
    wanted = {"type": "AverageValue", "averageValue": f"{round(target.limit * 1000)}m"}
    return {"type": "Pods", "pods": {"metric": {"name": metric_name(target)}, "target": wanted}}


def _rule(target: Target) -> Document:
    query = target.signal.query(of="<<.LabelMatchers>>", by="<<.GroupBy>>")
    return {
        "seriesQuery": f'{series_of(query)[0]}{{namespace!="", pod!=""}}',
        "resources": {"overrides": {"namespace": {"resource": "namespace"}, "pod": {"resource": "pod"}}},
        "name": {"matches": "^.*$", "as": metric_name(target)},
        "metricsQuery": f"({query}) >= 0",
    }


def metric_name(target: Target) -> str:
    """As autoscalers know it, unlike any series."""
    return f"speech_{target.signal.name}"
