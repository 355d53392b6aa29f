"""Autoscaling by KEDA, straight from Prometheus."""

from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.naming import resource, server_name
from speechtrt.deploy.kubernetes.pool import Pool
from speechtrt.deploy.kubernetes.scaling import Target, behaviour, pool_matchers, targets
from speechtrt.deploy.yaml_file import Document


def scaled_object(fleet: Fleet, pool: Pool) -> Document:
    """The largest of its triggers decides."""
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": server_name(pool)},
        "minReplicaCount": fleet.scale.least,
        "maxReplicaCount": fleet.scale.most,
        "pollingInterval": 15,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behaviour()}},
        "triggers": [_trigger(fleet, pool, target) for target in targets(pool)],
    }
    return resource("keda.sh/v1alpha1", "ScaledObject", server_name(pool), spec)


def _trigger(fleet: Fleet, pool: Pool, target: Target) -> Document:
    return {
        "type": "prometheus",
        "name": target.signal.name.replace("_", "-"),
        "metricType": "AverageValue" if target.shared else "Value",
        "metadata": {
            "serverAddress": fleet.prometheus,
            "query": target.signal.number(pool_matchers(fleet, pool)),
            "threshold": str(target.limit),
        },
    }
