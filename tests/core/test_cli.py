import subprocess
import sys
from pathlib import Path

import click
import pytest

from speechtrt.cli import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_of_the_table_exists_and_explains_itself(name: str) -> None:
    command = COMMANDS[name].load()
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.help


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "speechtrt", *arguments], capture_output=True, text=True, check=False)


def test_a_user_error_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = run("inspect", str(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert "neither a bundle" in done.stderr


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    assert "Traceback" in run("--debug", "inspect", str(tmp_path)).stderr


def test_wrong_usage_is_exit_code_2() -> None:
    assert run("no-such-command").returncode == 2
    assert run("inspect").returncode == 2
