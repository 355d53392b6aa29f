"""The README says what was measured, and its commands are commands."""

import re
import shlex
from pathlib import Path

import click
import pytest

from speechtrt.benchmarks.headline import BEGIN, headline, updated
from speechtrt.cli import COMMANDS
from speechtrt.errors import DataError

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
CALLS = re.findall(r"^    \.venv/bin/speechtrt (.+)$", README, re.MULTILINE)


def test_the_numbers_are_those_of_the_results() -> None:
    assert updated(README, headline(ROOT / "benchmarks/results/cpu")) == README


def test_a_result_that_is_not_valid_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no such result"):
        headline(tmp_path)
    (tmp_path / "tts_benchmarks.json").write_text('{"valid": ["too quick"], "summary": {}}')
    with pytest.raises(DataError, match="may not be quoted"):
        headline(tmp_path)


def test_updating_keeps_the_rest() -> None:
    text = updated(README, "| new |")
    assert "| new |" in text
    assert text.count(BEGIN) == 1
    assert text.endswith(README[-200:])


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README)
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("call", CALLS)
def test_every_command_line_parses(call: str) -> None:
    command, *arguments = shlex.split(call)
    entry: click.Command | None = COMMANDS[command].load()
    if isinstance(entry, click.Group):
        entry = entry.get_command(click.Context(entry), arguments[0])
    assert entry is not None
    known = {flag for parameter in entry.params for flag in (*parameter.opts, *parameter.secondary_opts)}
    assert {argument for argument in arguments if argument.startswith("-")} <= known
