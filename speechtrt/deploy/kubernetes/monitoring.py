"""What the Prometheus operator and Grafana's sidecar pick up."""

from speechtrt.deploy.kubernetes.naming import POOL_LABEL, resource
from speechtrt.deploy.observability.dashboard import dashboard
from speechtrt.deploy.observability.rules import INTERVAL, rule_groups
from speechtrt.deploy.yaml_file import Document

DASHBOARD = "speechtrt-dashboard"
DASHBOARD_LABELS = {"grafana_dashboard": "1"}
SCRAPED = {"key": "app.kubernetes.io/component", "operator": "In", "values": ["server", "shadow"]}
HASH_LABEL = "rollouts-pod-template-hash"  # Argo Rollouts' own, which tells a canary from the rest


def pod_monitor() -> Document:
    """Scrapes every server and shadow, and names its pool."""
    pool = {"sourceLabels": [f"__meta_kubernetes_pod_label_{_sanitised(POOL_LABEL)}"], "targetLabel": "pool"}
    spec = {
        "selector": {"matchExpressions": [SCRAPED]},
        "podTargetLabels": [HASH_LABEL],
        "podMetricsEndpoints": [{"port": "metrics", "path": "/metrics", "interval": INTERVAL, "relabelings": [pool]}],
    }
    return resource("monitoring.coreos.com/v1", "PodMonitor", "speechtrt", spec)


def prometheus_rule() -> Document:
    """The rules."""
    return resource("monitoring.coreos.com/v1", "PrometheusRule", "speechtrt", rule_groups())


def dashboard_map() -> Document:
    """The dashboard."""
    metadata = {"name": DASHBOARD, "labels": DASHBOARD_LABELS}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": metadata,
        "data": {"speechtrt.json": dashboard().decode()},
    }


def _sanitised(label: str) -> str:
    return "".join(c if c.isalnum() else "_" for c in label)
