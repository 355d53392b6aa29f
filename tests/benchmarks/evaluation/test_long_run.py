"""Many recordings, one of them corrupt, and a run that is killed: what was heard is kept, and heard once."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from speechtrt.audio import Audio, write_wav

COUNT, CORRUPT = 150, 70  # three batches; the corrupt one is in the midst of the second
LEDGER, DOCUMENT = "asr_evaluation_ledger.jsonl", "asr_evaluation_results.json"
NAMES = [f"r{number:03}" for number in range(COUNT)]
SYSTEMS = 2


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, chance = tmp_path_factory.mktemp("recordings"), np.random.default_rng(0)
    for name in NAMES:
        write_wav(folder / f"{name}.wav", Audio(chance.normal(0, 0.1, 8000).astype(np.float32), 16_000))
    (folder / f"{NAMES[CORRUPT]}.wav").write_bytes(b"RIFF and then nothing that could be heard")
    rows = "".join(f"{name}.wav,one two,{name[-1]}\n" for name in NAMES)
    (folder / "m.csv").write_text(f"audio,text,speaker\n{rows}")
    return folder / "m.csv"


def start(tiny_ctc_engines: Path, manifest: Path, out: Path) -> subprocess.Popen[str]:
    engines = out.parent / "engines"
    (engines / "tiny").mkdir(parents=True, exist_ok=True)
    link = engines / "tiny" / "ort-cpu-fp32"
    if not link.exists():
        link.symlink_to(tiny_ctc_engines)
    chosen = ("--engines", str(engines), "--model", "tiny", "--precision", "fp32", "--chunk", "160", "--chunk", "560")
    command = [sys.executable, "-m", "speechtrt", "eval", "asr", str(manifest), *chosen, "--out", str(out)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )


def finish(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0, output
    return output


def lines(out: Path) -> list[str]:
    """Whole lines of the ledger."""
    path = out / LEDGER
    return path.read_text().splitlines(keepends=True) if path.exists() else []


def test_a_killed_run_keeps_what_it_heard_and_leaves_out_what_is_corrupt(
    tiny_ctc_engines: Path, manifest: Path, tmp_path: Path
) -> None:
    killed, whole = tmp_path / "killed", tmp_path / "whole"
    process = start(tiny_ctc_engines, manifest, killed)
    while process.poll() is None and not lines(killed):
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=300)
    with (killed / LEDGER).open("a") as file:
        file.write('{"key":"what was being written')
    kept = lines(killed)[:-1]
    assert 0 < len(kept) <= SYSTEMS * (COUNT - 1)

    resumed = finish(start(tiny_ctc_engines, manifest, killed))
    assert lines(killed)[: len(kept)] == kept
    assert len(lines(killed)) == SYSTEMS * (COUNT - 1)
    assert sum(int(said.split()[-1]) for said in resumed.split(f" of {COUNT} recordings to hear")[:-1]) == (
        SYSTEMS * COUNT - len(kept)
    )
    assert f"{LEDGER}: its last line was cut off and is dropped" in resumed
    assert resumed.count(f"left out {NAMES[CORRUPT]}: its audio cannot be read") == 1

    finish(start(tiny_ctc_engines, manifest, whole))
    texts = [heard_texts(out) for out in (killed, whole)]
    assert list(texts[0]) == [name for name in NAMES if name != NAMES[CORRUPT]]
    assert texts[0] == texts[1]


def heard_texts(out: Path) -> dict[str, list[str]]:
    """What every system wrote, by utterance."""
    trials = json.loads((out / DOCUMENT).read_text())["trials"]
    return {trial["utterance"]: [heard["text"] for heard in trial["hypotheses"]] for trial in trials}
