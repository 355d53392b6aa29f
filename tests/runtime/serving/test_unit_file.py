"""The systemd unit: what it starts exists, and it waits for as long as the server may drain."""

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from speechtrt.runtime.serving.commands import serve_stream
from speechtrt.runtime.serving.core.limits import Limits

UNIT = Path(__file__).parents[3] / "runtime" / "serving" / "host" / "speechtrt.service"
PROGRAM = "/opt/speechtrt/.venv/bin/speechtrt"


def service() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment]
    parser.read_string(UNIT.read_text())
    return parser["Service"]


def test_every_flag_is_one_of_the_command() -> None:
    known = {flag for parameter in serve_stream.params for flag in parameter.opts}
    for line in (service()["ExecStartPre"], service()["ExecStart"]):
        program, name, *rest = shlex.split(line)
        assert (program, name) == (PROGRAM, "serve-stream")
        assert {word for word in rest if word.startswith("--")} <= known


def test_a_server_that_drains_is_not_killed() -> None:
    assert int(service()["TimeoutStopSec"]) > Limits().drain_seconds
    assert service()["ExecReload"] == "/bin/kill -HUP $MAINPID"


def test_systemd_finds_nothing_wrong_with_it(tmp_path: Path) -> None:
    """Where systemd is; the program stands for the one that will be installed."""
    verifier = shutil.which("systemd-analyze")
    if verifier is None:
        assert not Path("/run/systemd/system").exists()
        return
    (tmp_path / UNIT.name).write_text(UNIT.read_text().replace(PROGRAM, sys.executable))
    done = subprocess.run(
        [verifier, "verify", "--man=no", str(tmp_path / UNIT.name)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, [line for line in done.stderr.splitlines() if UNIT.name in line]) == (0, [])
