"""What surrounds a pool's pods: service, disruption budget, engine volume, and who may talk to whom."""

import math

from speechtrt.deploy.kubernetes.fleet import GRPC_PORT, HTTP_PORT, OPERATOR_PORT, Fleet
from speechtrt.deploy.kubernetes.naming import (
    ROUTER,
    ROUTER_LABELS,
    SERVER_LABELS,
    SHADOW_LABELS,
    pool_labels,
    resource,
    server_name,
    volume_name,
)
from speechtrt.deploy.kubernetes.pool import Pool, mount_of
from speechtrt.deploy.yaml_file import Document

PORTS = [
    {"name": "http", "port": HTTP_PORT, "targetPort": "http", "appProtocol": "http"},
    {"name": "grpc", "port": GRPC_PORT, "targetPort": "grpc", "appProtocol": "kubernetes.io/h2c"},
]
DNS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]


def service(pool: Pool, name: str | None = None) -> Document:
    """Headless: the router knows every pod, because a stream stays where it began."""
    spec = {"clusterIP": "None", "selector": pool_labels(pool), "ports": PORTS}
    return resource("v1", "Service", name or server_name(pool), spec, pool_labels(pool))


def disruption_budget(name: str, labels: dict[str, str]) -> Document:
    """One pod at a time may be taken away."""
    spec = {"maxUnavailable": 1, "selector": {"matchLabels": labels}}
    return resource("policy/v1", "PodDisruptionBudget", name, spec, labels)


def engine_volume(fleet: Fleet, pool: Pool) -> Document:
    """The claim of a pool's engines, with their folders and hashes as annotations for whoever fills it."""
    spec: Document = {
        "accessModes": ["ReadWriteMany"],
        "resources": {"requests": {"storage": f"{_gibibytes(pool)}Gi"}},
    }
    if fleet.storage_class:
        spec["storageClassName"] = fleet.storage_class
    claim = resource("v1", "PersistentVolumeClaim", volume_name(pool), spec, pool_labels(pool))
    claim["metadata"]["annotations"] = {
        f"speechtrt/engines-{number}": f"{mount_of(folder)} (bundle {folder.manifest.bundle_sha256[:12]})"
        for number, folder in enumerate(pool.sets, 1)
    }
    return claim


def _gibibytes(pool: Pool) -> int:
    """Twice what the engines need now."""
    return math.ceil(2 * sum(entry.bytes for folder in pool.sets for entry in folder.manifest.files) / 2**30)


def server_policy(fleet: Fleet) -> Document:
    """Servers hear the router, the shadow and the monitoring, and call nobody; clients see no figures."""
    inside = [pod_peer(ROUTER_LABELS), pod_peer(SHADOW_LABELS)]
    spec = {
        "podSelector": {"matchLabels": SERVER_LABELS},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"from": inside, "ports": [tcp(HTTP_PORT), tcp(GRPC_PORT)]},
            {"from": [namespace_peer(fleet.monitoring)], "ports": [tcp(OPERATOR_PORT)]},
        ],
        "egress": [],
    }
    return resource("networking.k8s.io/v1", "NetworkPolicy", "speechtrt-server", spec)


def router_policy(fleet: Fleet, metrics_port: int) -> Document:
    """Everybody may call the router; it calls servers and asks for their addresses."""
    spec = {
        "podSelector": {"matchLabels": ROUTER_LABELS},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [
            {"ports": [tcp(HTTP_PORT), tcp(GRPC_PORT)]},
            {"from": [namespace_peer(fleet.monitoring)], "ports": [tcp(metrics_port)]},
        ],
        "egress": [{"to": [pod_peer(SERVER_LABELS)], "ports": [tcp(HTTP_PORT), tcp(GRPC_PORT)]}, {"ports": DNS}],
    }
    return resource("networking.k8s.io/v1", "NetworkPolicy", ROUTER, spec)


def pod_peer(labels: dict[str, str]) -> Document:
    """Pods of this namespace."""
    return {"podSelector": {"matchLabels": labels}}


def namespace_peer(name: str) -> Document:
    """Every pod of another namespace."""
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def tcp(port: int) -> Document:
    """A port of a policy."""
    return {"protocol": "TCP", "port": port}
