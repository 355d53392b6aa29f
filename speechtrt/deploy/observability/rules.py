"""Recording and alert rules for Prometheus."""

from speechtrt.deploy.observability.alert import ALERTS
from speechtrt.deploy.observability.signal import SIGNALS
from speechtrt.deploy.yaml_file import Document

INTERVAL = "15s"


def rule_groups() -> Document:
    """What a rule file holds: every signal by pool, and the alerts upon them."""
    records = [{"record": signal.record, "expr": signal.query()} for signal in SIGNALS]
    return {
        "groups": [
            {"name": "speechtrt-signals", "interval": INTERVAL, "rules": records},
            {"name": "speechtrt-alerts", "interval": INTERVAL, "rules": [alert.rule() for alert in ALERTS]},
        ]
    }
