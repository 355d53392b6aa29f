"""Every file of a fleet: the base, what may be added to it, and overlays that add it."""

from speechtrt.deploy.kubernetes.base import base
from speechtrt.deploy.kubernetes.fleet import Fleet
from speechtrt.deploy.kubernetes.hpa import adapter_values, autoscaler
from speechtrt.deploy.kubernetes.keda import scaled_object
from speechtrt.deploy.kubernetes.kustomization import Files, Folder, patch
from speechtrt.deploy.kubernetes.monitoring import dashboard_map, pod_monitor, prometheus_rule
from speechtrt.deploy.kubernetes.naming import server_name
from speechtrt.deploy.kubernetes.neighbourhood import service
from speechtrt.deploy.kubernetes.rollout import analysis, rollout
from speechtrt.deploy.kubernetes.shadow import heard_model, shadow_deployment, shadow_policy
from speechtrt.deploy.yaml_file import Document, encode


def tree(fleet: Fleet) -> Files:
    """Files by path, in a fixed order."""
    folders = {
        "base": base(fleet),
        "components/monitoring": _monitoring(),
        "components/keda": _keda(fleet),
        "components/hpa": _hpa(fleet),
        "components/canary": _canary(fleet),
        "overlays/keda": _overlay(fleet, "monitoring", "keda"),
        "overlays/hpa": _overlay(fleet, "monitoring", "hpa"),
        "overlays/canary": _overlay(fleet, "monitoring", "keda", "canary"),
    }
    return {path: data for name, folder in folders.items() for path, data in folder.files(name).items()}


def _overlay(fleet: Fleet, *components: str) -> Folder:
    added = tuple(f"../../components/{name}" for name in components)
    return Folder(resources=("../../base",), components=added, namespace=fleet.namespace)


def _monitoring() -> Folder:
    manifests = {"pod-monitor": (pod_monitor(),), "rules": (prometheus_rule(),), "dashboard": (dashboard_map(),)}
    return Folder(manifests=manifests, component=True)


def _keda(fleet: Fleet) -> Folder:
    objects = tuple(scaled_object(fleet, pool) for pool in fleet.pools)
    return Folder(manifests={"scaled-objects": objects}, patches=_uncounted(fleet), component=True)


def _hpa(fleet: Fleet) -> Folder:
    return Folder(
        manifests={"autoscalers": tuple(autoscaler(fleet, pool) for pool in fleet.pools)},
        patches=_uncounted(fleet),
        beside={"prometheus-adapter-values.yaml": encode(adapter_values(fleet))},
        component=True,
    )


def _uncounted(fleet: Fleet) -> tuple[Document, ...]:
    """Whoever scales a pool owns the number of its servers, so the base's number goes."""
    removal = {"op": "remove", "path": "/spec/replicas"}
    return tuple(patch("Deployment", server_name(pool), removal) for pool in fleet.pools)


def _canary(fleet: Fleet) -> Folder:
    """The rollout takes the deployment's place, also for whoever scales it."""
    services = [service(p, f"{server_name(p)}-{track}") for p in fleet.pools for track in ("stable", "canary")]
    shadows = [shadow_deployment(fleet, pool, model) for pool in fleet.pools if (model := heard_model(pool))]
    return Folder(
        manifests={
            "rollouts": tuple(rollout(pool) for pool in fleet.pools),
            "analysis": tuple(analysis(fleet, pool) for pool in fleet.pools),
            "services": tuple(services),
            "shadow": (*shadows, shadow_policy(fleet)),
        },
        patches=tuple(found for pool in fleet.pools for found in _replaced(server_name(pool))),
        component=True,
    )


def _replaced(name: str) -> tuple[Document, Document]:
    """The deployment is only what the rollout's pods look like; what scaled it scales the rollout."""
    target = {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": name}
    none = patch("Deployment", name, {"op": "add", "path": "/spec/replicas", "value": 0})
    return none, patch("ScaledObject", name, {"op": "replace", "path": "/spec/scaleTargetRef", "value": target})
