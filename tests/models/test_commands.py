import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from speechtrt.models.commands import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_exists_and_explains_itself(name: str) -> None:
    command = COMMANDS[name].load()
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "speechtrt", "train", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_help_loads_neither_torch_nor_numpy() -> None:
    code = (
        "import sys; from speechtrt.cli import root; root.main(['train', '--help'], standalone_mode=False); "
        "sys.exit(str({'torch', 'transformers', 'numpy'} & set(sys.modules)) if 'numpy' in sys.modules else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "evaluate-ctc" in done.stdout


def test_training_without_data_is_one_line(tmp_path: Path) -> None:
    done = run("ctc", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "run"))
    assert done.returncode == 1
    assert "speechtrt train data" in done.stderr.splitlines()[-1]
    assert not (tmp_path / "run/checkpoint.pt").exists()


def test_an_unknown_set_is_refused(tmp_path: Path) -> None:
    done = run("data", "--data", str(tmp_path), "--set", "nonsense")
    assert done.returncode == 1
    assert "expected slt, train, held_out" in done.stderr


@pytest.mark.system
def test_a_set_that_is_whole_is_left_alone(tmp_path: Path) -> None:
    first, again = (run("data", "--data", str(tmp_path), "--set", "held_out", "--json") for _ in range(2))
    assert json.loads(first.stdout)["spoken"] == {"held_out": 200}
    assert json.loads(again.stdout)["spoken"] == {"held_out": 0}
