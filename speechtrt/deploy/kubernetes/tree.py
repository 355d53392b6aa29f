"""Every file of a fleet: the base, what may be added to it, and overlays that add it."""

from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.keda import scaled_object
from speechtrt.deploy.kubernetes.kustomization import Files, Folder, patch
from speechtrt.deploy.kubernetes.naming import ROUTER, ROUTER_LABELS, pool_labels, server_name, settings_name
from speechtrt.deploy.kubernetes.neighbourhood import (
    disruption_budget,
    engine_volume,
    router_policy,
    server_policy,
    service,
)
from speechtrt.deploy.kubernetes.router import METRICS_PORT, router_deployment, router_of, router_service
from speechtrt.deploy.kubernetes.server import deployment
from speechtrt.deploy.kubernetes.settings_file import settings_file
from speechtrt.deploy.yaml_file import Document


def tree(fleet: Fleet) -> Files:
    """Files by path, in a fixed order."""
    folders = {
        "base": _base(fleet),
        "components/keda": _keda(fleet),
        "overlays/keda": Folder(resources=("../../base",), components=("../../components/keda",)),
    }
    return {path: data for name, folder in folders.items() for path, data in folder.files(name).items()}


def _base(fleet: Fleet) -> Folder:
    servers = {
        server_name(pool): (
            deployment(fleet, pool),
            service(pool),
            disruption_budget(server_name(pool), pool_labels(pool)),
            engine_volume(fleet, pool),
        )
        for pool in fleet.pools
    }
    router = (router_deployment(fleet), router_service(), disruption_budget(ROUTER, ROUTER_LABELS))
    settings = {settings_name(pool): {"serve.toml": settings_file(fleet, pool)} for pool in fleet.pools}
    return Folder(
        manifests={
            "namespace": (_namespace(fleet),),
            **servers,
            "router": router,
            "network": (server_policy(fleet), router_policy(fleet, METRICS_PORT)),
        },
        config={**settings, ROUTER: {"haproxy.cfg": router_of(fleet).config()}},
        namespace=fleet.namespace,
    )


def _namespace(fleet: Fleet) -> Document:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": fleet.namespace, "labels": labels}}


def _keda(fleet: Fleet) -> Folder:
    """Whoever scales a pool owns the number of its servers, so the base's number goes."""
    counts = [patch("Deployment", server_name(p), {"op": "remove", "path": "/spec/replicas"}) for p in fleet.pools]
    return Folder(
        manifests={"scaled-objects": tuple(scaled_object(fleet, pool) for pool in fleet.pools)},
        patches=tuple(counts),
        component=True,
    )
