"""Names and labels that several manifests must agree on."""

from speechtrt.deploy.kubernetes.pool import Pool
from speechtrt.deploy.yaml_file import Document

POOL_LABEL = "speechtrt/pool"
ROUTER = "speechtrt-router"
SHADOW = "speechtrt-shadow"
SERVER_LABELS = {"app.kubernetes.io/name": "speechtrt", "app.kubernetes.io/component": "server"}
ROUTER_LABELS = {"app.kubernetes.io/name": "speechtrt", "app.kubernetes.io/component": "router"}
SHADOW_LABELS = {"app.kubernetes.io/name": "speechtrt", "app.kubernetes.io/component": "shadow"}


def server_name(pool: Pool) -> str:
    """A pool's workload and its service."""
    return f"speechtrt-{pool.name}"


def pool_labels(pool: Pool) -> dict[str, str]:
    """What tells a pool's pods from all others."""
    return {**SERVER_LABELS, POOL_LABEL: pool.name}


def volume_name(pool: Pool) -> str:
    """The claim of a pool's engines: other engines, other claim."""
    return f"engines-{pool.name}-{pool.digest}"


def settings_name(pool: Pool) -> str:
    """The config map of a pool's settings; kustomize adds a hash to it."""
    return f"settings-{pool.name}"


def resource(version: str, kind: str, name: str, spec: object, labels: dict[str, str] | None = None) -> Document:
    """A manifest with a spec."""
    metadata: Document = {"name": name, **({"labels": labels} if labels else {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, "spec": spec}
