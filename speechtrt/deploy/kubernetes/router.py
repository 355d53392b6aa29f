"""The router in the cluster: two pods that keep their streams while they leave."""

from speechtrt.deploy.kubernetes.container import (
    TEMPORARY,
    TEMPORARY_MOUNT,
    container_security,
    fixed,
    pod_security,
    probe,
)
from speechtrt.deploy.kubernetes.fleet import GRPC_PORT, HTTP_PORT, Fleet
from speechtrt.deploy.kubernetes.naming import ROUTER, ROUTER_LABELS, resource, server_name
from speechtrt.deploy.router.backend import Backend, Discovery
from speechtrt.deploy.router.config import Router
from speechtrt.deploy.yaml_file import Document

USER = 99  # haproxy's own, in its image
METRICS_PORT = 8404
CONFIG_FOLDER = "/usr/local/etc/haproxy"


def router_of(fleet: Fleet) -> Router:
    """A router over a fleet's pools, found by the cluster's DNS."""
    scale = fleet.scale
    backends = tuple(
        Backend(
            pool.name,
            pool.models,
            scale.connections,
            Discovery(f"{server_name(pool)}.{fleet.namespace}.svc.cluster.local", HTTP_PORT, GRPC_PORT, 2 * scale.most),
        )
        for pool in fleet.pools
    )
    return Router(backends, fleet.timing.session, HTTP_PORT, GRPC_PORT, METRICS_PORT, "/tmp/admin.sock")


def router_deployment(fleet: Fleet) -> Document:
    """Told to stop (SIGUSR1 in its image), HAProxy serves its streams to their end."""
    container = {
        "name": "haproxy",
        "image": fleet.router_image,
        "args": ["haproxy", "-f", f"{CONFIG_FOLDER}/haproxy.cfg"],
        "ports": [
            {"name": "http", "containerPort": HTTP_PORT},
            {"name": "grpc", "containerPort": GRPC_PORT},
            {"name": "metrics", "containerPort": METRICS_PORT},
        ],
        "readinessProbe": probe("/health", "metrics", period=5, failures=1),
        "livenessProbe": probe("/health", "metrics", period=10, failures=6, timeout=5),
        "lifecycle": {"preStop": {"exec": {"command": ["sleep", str(fleet.timing.settle)]}}},
        "resources": fixed("1", "512Mi"),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "config", "mountPath": CONFIG_FOLDER, "readOnly": True}, TEMPORARY_MOUNT],
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(USER),
        "terminationGracePeriodSeconds": fleet.timing.grace,
        "containers": [container],
        "volumes": [{"name": "config", "configMap": {"name": ROUTER}}, TEMPORARY],
    }
    spec = {
        "replicas": 2,
        "selector": {"matchLabels": ROUTER_LABELS},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {"metadata": {"labels": ROUTER_LABELS}, "spec": pod},
    }
    return resource("apps/v1", "Deployment", ROUTER, spec, ROUTER_LABELS)


def router_service() -> Document:
    """What clients call."""
    ports = [
        {"name": "http", "port": HTTP_PORT, "targetPort": "http", "appProtocol": "http"},
        {"name": "grpc", "port": GRPC_PORT, "targetPort": "grpc", "appProtocol": "kubernetes.io/h2c"},
    ]
    return resource("v1", "Service", ROUTER, {"selector": ROUTER_LABELS, "ports": ports}, ROUTER_LABELS)
