"""The workload of a pool: one server per pod, on one GPU."""

from speechtrt.deploy.kubernetes.container import (
    TEMPORARY,
    TEMPORARY_MOUNT,
    container_security,
    fixed,
    pod_security,
    probe,
)
from speechtrt.deploy.kubernetes.fleet import GRPC_PORT, HTTP_PORT, OPERATOR_PORT, Fleet
from speechtrt.deploy.kubernetes.naming import pool_labels, resource, server_name, settings_name, volume_name
from speechtrt.deploy.kubernetes.pool import Pool
from speechtrt.deploy.yaml_file import Document

LIVE, READY = "/v2/health/live", "/v2/health/ready"
SETTINGS_FOLDER, ENGINES_FOLDER, KEYS_FOLDER = "/etc/speechtrt", "/engines", "/run/secrets/speechtrt"
PRODUCT = "nvidia.com/gpu.product"


def deployment(fleet: Fleet, pool: Pool) -> Document:
    """A new pod is ready before an old one leaves, and an old one leaves when its last stream has ended."""
    spec: Document = {
        "replicas": fleet.scale.least,
        "selector": {"matchLabels": pool_labels(pool)},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": pool_labels(pool)}, "spec": _pod(fleet, pool)},
    }
    return resource("apps/v1", "Deployment", server_name(pool), spec, pool_labels(pool))


def _pod(fleet: Fleet, pool: Pool) -> Document:
    return {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "terminationGracePeriodSeconds": fleet.timing.grace,
        **_where(pool),
        "containers": [_container(fleet, pool)],
        "volumes": [
            {"name": "settings", "configMap": {"name": settings_name(pool)}},
            {"name": "engines", "persistentVolumeClaim": {"claimName": volume_name(pool), "readOnly": True}},
            {"name": "keys", "secret": {"secretName": fleet.keys, "defaultMode": 0o440}},
            TEMPORARY,
        ],
    }


def _container(fleet: Fleet, pool: Pool) -> Document:
    return {
        "name": "server",
        "image": fleet.image,
        "command": ["speechtrt", "serve-stream"],
        "args": ["--config", f"{SETTINGS_FOLDER}/serve.toml"],
        "env": [{"name": "HOME", "value": "/tmp"}],
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT},
            {"name": "grpc", "containerPort": GRPC_PORT},
            {"name": "metrics", "containerPort": OPERATOR_PORT},
        ],
        # A server that loads answers "live" at once, so only "ready" says that it has started.
        "startupProbe": probe(READY, "http", period=5, failures=60),
        "readinessProbe": probe(READY, "http", period=5, failures=1),
        "livenessProbe": probe(LIVE, "http", period=10, failures=6, timeout=5),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(fleet.timing.settle)]}}},
        "resources": fixed("4", "8Gi", gpus=1 if pool.hardware.gpus else 0),
        "securityContext": container_security(),
        "volumeMounts": [
            {"name": "settings", "mountPath": SETTINGS_FOLDER, "readOnly": True},
            {"name": "engines", "mountPath": ENGINES_FOLDER, "readOnly": True},
            {"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True},
            TEMPORARY_MOUNT,
        ],
    }


def _where(pool: Pool) -> Document:
    """On nodes with the right GPU, apart from each other."""
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": pool_labels(pool)},
    }
    if not pool.hardware.gpus:
        return {"topologySpreadConstraints": [spread]}
    kinds = {"key": PRODUCT, "operator": "In", "values": list(pool.products)}
    required = {"nodeSelectorTerms": [{"matchExpressions": [kinds]}]}
    return {
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}},
        "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "topologySpreadConstraints": [spread],
    }
