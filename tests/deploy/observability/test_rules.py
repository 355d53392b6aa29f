"""Prometheus' own tool reads the rules and tries them on made-up series."""

import shutil
import subprocess
from pathlib import Path

import pytest

from speechtrt.deploy.observability.pack import write_pack

HERE = Path(__file__).parent


@pytest.mark.system
def test_promtool_accepts_the_files_and_the_alerts_fire_when_they_should(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    write_pack(pack, ["127.0.0.1:8080"])
    shutil.copy(HERE / "rules_test.yaml", pack)
    for command in (("check", "config", "prometheus.yaml"), ("test", "rules", "rules_test.yaml")):
        done = subprocess.run(["promtool", *command], cwd=pack, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
