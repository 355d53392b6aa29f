"""The CI workflows call commands, options and files that exist."""

import re
from pathlib import Path

import click
import pytest
import yaml

from speechtrt.cli import root
from speechtrt.engines.budget import read_budget

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
BUDGETS = sorted((ROOT / ".github" / "budgets").glob("*.toml"))


def scripts(workflow: Path) -> list[str]:
    """Every shell script of a workflow, continued lines joined."""
    jobs = yaml.safe_load(workflow.read_text())["jobs"].values()
    return [step["run"].replace("\\\n", " ") for job in jobs for step in job["steps"] if "run" in step]


def calls(workflow: Path) -> list[list[str]]:
    """Words behind each call of speechtrt, up to the end of the command."""
    found = [re.findall(r"\.venv/bin/speechtrt ([^\n|;]*)", script) for script in scripts(workflow)]
    return [line.split() for lines in found for line in lines]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_command_and_option_exists(workflow: Path) -> None:
    found = calls(workflow)
    assert found
    for words in found:
        command: click.Command = root
        context = click.Context(root)
        while isinstance(command, click.Group):
            name = words.pop(0)
            chosen = command.get_command(context, name)
            assert chosen is not None, f"{workflow.name} calls {name}, which does not exist"
            command = chosen
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_every_make_target_exists(workflow: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wanted = {name for script in scripts(workflow) for name in re.findall(r"^make ([a-z-]+)", script, re.MULTILINE)}
    assert wanted <= targets


def test_the_engine_workflow_validates_every_set_and_keeps_the_reports() -> None:
    text = (ROOT / ".github" / "workflows" / "engines.yml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    assert "self-hosted" not in jobs["cpu"]["runs-on"]
    assert "gpu" in jobs["gpu"]["runs-on"]
    for job in jobs.values():
        assert any("speechtrt validate" in step.get("run", "") for step in job["steps"])
        assert job["steps"][-1]["if"] == "always()"


@pytest.mark.parametrize("budget", BUDGETS, ids=lambda path: path.name)
def test_every_budget_can_be_read(budget: Path) -> None:
    assert read_budget(budget).size
