import getpass
import socket
import subprocess
from pathlib import Path

import msgspec

from speechtrt.benchmarks.environment import read_environment

ROOT = Path(__file__).parents[2]


def test_it_names_the_machine_and_the_commit() -> None:
    found = read_environment()
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.commit == (head.stdout.strip() or None)
    assert found.cpu
    assert found.cores >= 1
    assert found.memory_bytes > 2**28
    assert {"speechtrt", "torch", "onnxruntime"} <= set(found.packages)


def test_it_tells_nothing_private() -> None:
    text = msgspec.json.encode(read_environment()).decode()
    assert socket.gethostname() not in text
    assert str(Path.home()) not in text
    assert str(ROOT) not in text
    assert getpass.getuser() not in text or getpass.getuser() in "linux"
