"""Every command and program of the tutorials runs, and prints what the page says it prints."""

import doctest
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs/tutorials").glob("*.md"))
BLOCK = re.compile(r"^```(console|python)\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)
END = "\x1e"


@dataclass(frozen=True, slots=True)
class Step:
    """A piece of shell, and what it prints on both streams: `...` stands for anything."""

    source: str
    prints: str


def steps(page: str) -> Iterator[Step]:
    """What a reader of the page does, in order."""
    for language, block, prints in BLOCK.findall(page):
        if language == "python":
            yield Step(f"python - <<'END OF PROGRAM'\n{block}END OF PROGRAM", prints)
        else:
            for command in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
                source, _, printed = command.partition("\n")
                yield Step(source, printed)


@pytest.fixture
def workplace(tmp_path: Path) -> Path:
    """A folder as `make engines` leaves it, with this tree's `speechtrt` as its command."""
    subprocess.run([sys.executable, "-m", "speechtrt", "engines"], cwd=ROOT, check=True, capture_output=True)
    (tmp_path / "build/engines").mkdir(parents=True)
    (tmp_path / "speechtrt/models").mkdir(parents=True)
    (tmp_path / "speechtrt/models/weights").symlink_to(ROOT / "speechtrt/models/weights")
    for model in (ROOT / "build/engines").iterdir():
        (tmp_path / "build/engines" / model.name).symlink_to(model)
    (tmp_path / "bin").mkdir()
    for name, arguments in (("speechtrt", "-m speechtrt"), ("python", "")):
        command = tmp_path / "bin" / name
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        command.chmod(0o755)
    return tmp_path


def run(sequence: list[Step], workplace: Path) -> list[tuple[str, int]]:
    """Output and exit code of each step, all in one shell."""
    script = workplace / "steps.sh"
    script.write_text("exec 2>&1\n" + "".join(f"{step.source}\nprintf '{END}%d{END}' $?\n" for step in sequence))
    environment = {**os.environ, "PATH": f"{workplace / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", script],
        cwd=workplace,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    parts = done.stdout.split(END)
    return list(zip(parts[0::2], map(int, parts[1::2]), strict=False))


def differs(step: Step, printed: str) -> bool:
    return not doctest.OutputChecker().check_output(step.prints, printed, doctest.ELLIPSIS)


@pytest.mark.parametrize("page", PAGES, ids=[page.stem for page in PAGES])
def test_the_page_is_true(page: Path, workplace: Path) -> None:
    sequence = list(steps(page.read_text()))
    assert sequence
    for step, (printed, code) in zip(sequence, run(sequence, workplace), strict=True):
        assert code == 0, step.source
        assert not differs(step, printed), f"{step.source}\n{printed}"


def test_a_page_that_lies_is_caught(workplace: Path) -> None:
    (step,) = steps("```console\n$ echo one\ntwo\n```\n")
    ((printed, code),) = run([step], workplace)
    assert code == 0
    assert differs(step, printed)


def test_every_tutorial_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text()
    assert [page.name for page in PAGES if f"docs/tutorials/{page.name}" not in readme] == []
