"""Every program of the guide runs."""

import re
from pathlib import Path

import pytest

GUIDE = Path(__file__).parents[3] / "docs" / "tts.md"
PROGRAMS = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), flags=re.S)


@pytest.mark.parametrize("number", range(len(PROGRAMS)))
def test_a_program_of_the_guide_runs(
    number: int, tiny_tts_engines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "build" / "engines" / "voice"
    folder.mkdir(parents=True)
    for precision in ("int8", "fp32"):
        (folder / f"ort-cpu-{precision}").symlink_to(tiny_tts_engines)
    monkeypatch.chdir(tmp_path)
    exec(compile(PROGRAMS[number], f"program {number + 1} of tts.md", "exec"), {"__name__": "guide"})


def test_the_guide_has_programs() -> None:
    assert len(PROGRAMS) == 3
