"""The base of a fleet: what every cluster needs."""

from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.kustomization import Folder
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


def base(fleet: Fleet) -> Folder:
    """Everything but who scales it and who watches it."""
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
