"""The files of the observability pack."""

import re
from collections.abc import Sequence
from pathlib import Path

from speechtrt.artifact import staged_folder
from speechtrt.deploy.observability.dashboard import dashboard, expressions
from speechtrt.deploy.observability.exported import expect_exported, exported_series
from speechtrt.deploy.observability.rules import rule_groups
from speechtrt.deploy.observability.scraping import RULES_FILE, prometheus_config
from speechtrt.deploy.observability.signal import SIGNALS
from speechtrt.deploy.yaml_file import encode
from speechtrt.errors import DeployError

ADDRESS = re.compile(r"[\w.-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")
FILES = ("prometheus.yaml", RULES_FILE, "dashboard.json")


def write_pack(out: Path, targets: Sequence[str], metrics: Path | None = None) -> None:
    """Write the pack into `out`. Raises DeployError or StorageError; `out` is then as it was."""
    for target in targets:
        if not ADDRESS.fullmatch(target):
            raise DeployError(f"target {target!r} is no address; expected HOST:PORT")
    if out.exists() and (foreign := sorted(p.name for p in out.iterdir() if p.name not in FILES)):
        raise DeployError(f"{out}: holds other files ({foreign[0]}); choose a folder for these alone")
    expect_exported([*expressions(), *(signal.query() for signal in SIGNALS)], exported_series(metrics))
    with staged_folder(out) as staging:
        (staging / "prometheus.yaml").write_bytes(encode(prometheus_config(targets)))
        (staging / RULES_FILE).write_bytes(encode(rule_groups()))
        (staging / "dashboard.json").write_bytes(dashboard())
