"""The container files name what exists, install no torch, and run as nobody."""

import json
import re
import subprocess
import tomllib
from fnmatch import fnmatch
from importlib import import_module
from itertools import chain
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from speechtrt.cli import root
from speechtrt.deploy.bill.closure import closure

ROOT = Path(__file__).parents[1]
FILES = sorted(ROOT.glob("Containerfile*"))
HEAVY = {"torch", "transformers", "onnx", "onnxscript", "polygraphy", "matplotlib"}


def instructions(file: Path) -> list[str]:
    lines = re.sub(r"^#.*\n", "", file.read_text(), flags=re.MULTILINE)
    return re.sub(r"\\\n\s*", "", lines).split("\n")


def copied(file: Path) -> list[str]:
    """Sources of every COPY from the tree."""
    lines = [line.split() for line in instructions(file) if line.startswith("COPY") and "--from" not in line]
    return [source for _, *sources, _ in lines for source in sources]


def extras(file: Path) -> list[set[str]]:
    return [set(found.split(",")) for found in re.findall(r"'(?:\.|speechtrt)\[([\w,]+)\]'", file.read_text())]


def test_there_is_one_for_each_kind_of_machine() -> None:
    assert [file.name for file in FILES] == ["Containerfile", "Containerfile.gpu"]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_source_exists_is_tracked_and_is_sent_to_the_builder(file: Path) -> None:
    assert copied(file)
    allowed = [line[1:] for line in (ROOT / ".containerignore").read_text().splitlines() if line.startswith("!")]
    for source in copied(file):
        assert (ROOT / source).exists(), source
        assert subprocess.check_output(["git", "ls-files", source], cwd=ROOT), source
        assert any(fnmatch(source, pattern) for pattern in allowed), source


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_package_of_the_wheel_is_copied(file: Path) -> None:
    folders = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-dir"].values()
    assert {Path(folder).parts[0] for folder in folders} <= set(copied(file))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_built_is_what_is_installed_and_listed(file: Path) -> None:
    built, installed = extras(file)
    listed = set(re.findall(r"--extra (\w+)", file.read_text()))
    assert built == installed == listed


def requirements(file: Path) -> list[Requirement]:
    """What the package and the file's extras ask for."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    chosen = [project["optional-dependencies"][extra] for extra in extras(file)[0]]
    return [Requirement(text) for text in (*project["dependencies"], *chain.from_iterable(chosen))]


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_everything_asked_for_is_pinned_and_nothing_of_it_is_for_training(file: Path) -> None:
    lines = map(Requirement, (ROOT / "constraints.txt").read_text().splitlines())
    pins = {canonicalize_name(pin.name): str(pin.specifier) for pin in lines}
    asked = {canonicalize_name(requirement.name): requirement.specifier for requirement in requirements(file)}
    assert not asked.keys() & HEAVY
    for name, allowed in asked.items():
        assert pins[name].removeprefix("==") in allowed, name


def test_the_image_has_no_torch() -> None:
    [file] = [file for file in FILES if file.name == "Containerfile"]
    names = {part.name for root in requirements(file) for part in closure(root.name, sorted(root.extras))}
    assert {"onnxruntime", "grpcio", "uvicorn"} < names
    assert not names & HEAVY


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_is_run_is_a_script_of_the_package_and_a_command_of_it(file: Path) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    [entry] = re.findall(r"^ENTRYPOINT (\[.*\])$", file.read_text(), re.MULTILINE)
    program, *command = json.loads(entry)
    module, _, function = scripts[program].partition(":")
    assert callable(getattr(import_module(module), function))
    for words in (command, *(call.split() for call in re.findall(r"&& speechtrt ([a-z ]+)(?= -)", file.read_text()))):
        found: click.Command | None = root
        for word in words:
            assert isinstance(found, click.Group)
            found = found.get_command(click.Context(found), word)
        assert found is not None, words


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_nobody_runs_it_and_a_stop_drains_it(file: Path) -> None:
    lines = instructions(file)
    assert lines.index("USER 65534:65534") > max(n for n, line in enumerate(lines) if line.startswith("RUN"))
    assert "STOPSIGNAL SIGTERM" in lines
    assert 'ENTRYPOINT ["speechtrt", "serve-stream"]' in lines
