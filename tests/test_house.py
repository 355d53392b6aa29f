"""House rules that a machine can check."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ("speechtrt", "export", "engines", "runtime", "benchmarks", "tests")
LONGEST = 300
BANNED_STEMS = {"utils", "util", "helpers", "common", "misc"}


def sources() -> list[Path]:
    found = [p for folder in FOLDERS for p in (ROOT / folder).rglob("*.py")]
    return [p for p in found if "__pycache__" not in p.parts]


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_longer_than_the_limit(folder: str) -> None:
    lengths = {str(p): len(p.read_text().splitlines()) for p in (ROOT / folder).rglob("*.py")}
    assert {name: n for name, n in lengths.items() if n > LONGEST} == {}


def test_every_file_is_named_after_a_noun() -> None:
    assert [p for p in sources() if p.stem in BANNED_STEMS] == []


def test_nothing_is_left_unfinished() -> None:
    words = ("TO" + "DO", "FIX" + "ME", "NotImplemented" + "Error", "no " + "cover")
    assert [(p, w) for p in sources() for w in words if w in p.read_text()] == []


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from speechtrt.cli import root; root.main(['--help'], standalone_mode=False); "
        "heavy = {'torch', 'transformers', 'onnx', 'onnxruntime', 'matplotlib', 'numpy'} & set(sys.modules); "
        "sys.exit(f'help imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
