"""The shadow of a pool: sends known recordings to the stable and the canary servers."""

from speechtrt.bundle import Task
from speechtrt.deploy.kubernetes.container import (
    TEMPORARY,
    TEMPORARY_MOUNT,
    container_security,
    fixed,
    pod_security,
)
from speechtrt.deploy.kubernetes.fleet import HTTP_PORT, OPERATOR_PORT, Fleet
from speechtrt.deploy.kubernetes.naming import POOL_LABEL, SERVER_LABELS, SHADOW, SHADOW_LABELS, resource, server_name
from speechtrt.deploy.kubernetes.neighbourhood import DNS, namespace_peer, pod_peer, tcp
from speechtrt.deploy.kubernetes.pool import Pool
from speechtrt.deploy.kubernetes.server import KEYS_FOLDER
from speechtrt.deploy.kubernetes.settings_file import KEYS_FILE
from speechtrt.deploy.yaml_file import Document


def heard_model(pool: Pool) -> str | None:
    """The recognition model whose words are counted: the pool's first."""
    return next((f.manifest.model.name for f in pool.sets if f.manifest.model.task is Task.CTC), None)


def shadow_deployment(fleet: Fleet, pool: Pool, model: str) -> Document:
    """One pod per pool, without a GPU."""
    labels = {**SHADOW_LABELS, POOL_LABEL: pool.name}
    servers = {track: f"http://{server_name(pool)}-{track}:{HTTP_PORT}" for track in ("stable", "canary")}
    container = {
        "name": "shadow",
        "image": fleet.image,
        "command": ["speechtrt", "deploy", "shadow"],
        "args": [
            *(part for track, url in servers.items() for part in (f"--{track}", url)),
            *("--model", model, "--key-file", f"{KEYS_FOLDER}/{KEYS_FILE}", "--port", str(OPERATOR_PORT)),
        ],
        "ports": [{"name": "metrics", "containerPort": OPERATOR_PORT}],
        "resources": fixed("250m", "512Mi"),
        "securityContext": container_security(),
        "volumeMounts": [{"name": "keys", "mountPath": KEYS_FOLDER, "readOnly": True}, TEMPORARY_MOUNT],
    }
    pod = {
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": pod_security(),
        "containers": [container],
        "volumes": [{"name": "keys", "secret": {"secretName": fleet.keys, "defaultMode": 0o440}}, TEMPORARY],
    }
    spec = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": pod},
    }
    return resource("apps/v1", "Deployment", f"{SHADOW}-{pool.name}", spec, labels)


def shadow_policy(fleet: Fleet) -> Document:
    """The shadow calls servers, and is asked for its figures."""
    spec = {
        "podSelector": {"matchLabels": SHADOW_LABELS},
        "policyTypes": ["Ingress", "Egress"],
        "ingress": [{"from": [namespace_peer(fleet.monitoring)], "ports": [tcp(OPERATOR_PORT)]}],
        "egress": [{"to": [pod_peer(SERVER_LABELS)], "ports": [tcp(HTTP_PORT)]}, {"ports": DNS}],
    }
    return resource("networking.k8s.io/v1", "NetworkPolicy", SHADOW, spec)
