"""The guide's code runs as it stands."""

import re
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, write_wav

GUIDE = Path(__file__).parents[3] / "docs" / "asr.md"


def test_the_tutorial_runs(
    tiny_ctc_engines: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    engines = tmp_path / "build" / "engines" / "ctc-small"
    engines.mkdir(parents=True)
    (engines / "ort-cpu-fp32").symlink_to(tiny_ctc_engines)
    noise = np.random.default_rng(0).normal(0, 0.1, 40_000).astype(np.float32)
    write_wav(tmp_path / "speech.wav", Audio(noise, 22_050))
    names: dict[str, object] = {}
    for block in re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL):
        exec(compile(block, str(GUIDE), "exec"), names)
    printed = capsys.readouterr().out
    finals = [line.removeprefix("final: ") for line in printed.splitlines() if line.startswith("final: ")]
    assert " ".join(finals) and printed.splitlines()[-1]
