"""A Prometheus for servers that no cluster finds: fixed addresses, one pool."""

from collections.abc import Sequence

from speechtrt.deploy.observability.rules import INTERVAL
from speechtrt.deploy.yaml_file import Document

RULES_FILE = "rules.yaml"


def prometheus_config(targets: Sequence[str], namespace: str = "local", pool: str = "local") -> Document:
    """Scrape `targets` (host:port of where each serves /metrics) and keep the rules beside this file."""
    labelled = {"targets": list(targets), "labels": {"namespace": namespace, "pool": pool}}
    return {
        "global": {"scrape_interval": INTERVAL, "evaluation_interval": INTERVAL},
        "rule_files": [RULES_FILE],
        "scrape_configs": [{"job_name": "speechtrt", "static_configs": [labelled]}],
    }
