"""Our counts and our test of segments against NIST's own programs (Debian package `sctk`)."""

import math
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest
from scipy import stats

from speechtrt.benchmarks.statistics.alignment import align
from speechtrt.benchmarks.statistics.mapsswe import mapsswe
from tests.benchmarks.statistics.made_up import Texts, heard, texts

SCTK = Path("/usr/lib/sctk/bin")
UTTERANCES = 1200

pytestmark = pytest.mark.system


def program(name: str) -> str:
    path = SCTK / name
    assert path.is_file(), f"{path}: no such program; install the Debian package sctk"
    return str(path)


def write(path: Path, utterances: Texts) -> None:
    """As `.trn`: words, then speaker and number in brackets."""
    lines = (f"{' '.join(words)} (s{number % 10}_{number:05d})\n" for number, words in enumerate(utterances))
    path.write_text("".join(lines))


def score(folder: Path, system: str) -> list[int]:
    """Sentences, words, hits, substitutions, deletions, insertions, errors of all utterances, as sclite counts them."""
    call = [program("sclite"), "-r", "ref.trn", "trn", "-h", f"{system}.trn", "trn", "-i", "rm", "-o", "rsum", "sgml"]
    subprocess.run([*call, "-n", f"scored_{system}"], cwd=folder, check=True, capture_output=True)
    [total] = [line for line in (folder / f"scored_{system}.raw").read_text().splitlines() if "| Sum " in line]
    return [int(number) for number in re.findall(r"\d+", total)][:7]


@pytest.fixture(scope="module")
def said() -> Texts:
    return texts(UTTERANCES, seed=4)


def test_counts_are_those_of_sclite(tmp_path: Path, said: Texts) -> None:
    found = heard(said, 0.3, 1)
    write(tmp_path / "ref.trn", said)
    write(tmp_path / "first.trn", found)
    ours = [align(a, b) for a, b in zip(said, found, strict=True)]
    kinds = ("substitutions", "deletions", "insertions", "errors")
    counts = [sum(getattr(one, kind) for one in ours) for kind in kinds]
    words = sum(one.tokens for one in ours)
    assert score(tmp_path, "first") == [UTTERANCES, words, words - counts[0] - counts[1], *counts]


def report(folder: Path, name: str, option: str) -> str:
    """What sc_stats writes about both systems."""
    both = b"".join((folder / f"scored_{system}.sgml").read_bytes() for system in ("first", "second"))
    call = [program("sc_stats"), "-p", "-t", "mapsswe", option, "-n", "both"]
    subprocess.run(call, input=both, cwd=folder, check=True, capture_output=True)
    return (folder / f"both.stats.{name}").read_text()


@pytest.mark.parametrize("rates", [(0.200, 0.202), (0.200, 0.204), (0.200, 0.206)])
def test_segments_are_tested_as_sc_stats_does(tmp_path: Path, said: Texts, rates: Sequence[float]) -> None:
    first, second = (heard(said, rate, seed) for seed, rate in enumerate(rates, 1))
    write(tmp_path / "ref.trn", said)
    for name, found in (("first", first), ("second", second)):
        write(tmp_path / f"{name}.trn", found)
        score(tmp_path, name)
    ours = mapsswe((align(s, a), align(s, b)) for s, a, b in zip(said, first, second, strict=True))
    details = report(tmp_path, "mapsswe", "-v")
    assert re.findall(r"# segs: (\d+)", details) == [str(ours.segments)]
    assert float(re.findall(r"Z Stat: *(-?[\d.]+)", details)[0]) == pytest.approx(ours.z, abs=6e-4)
    [p] = re.findall(r"\| +MP +\|\| +first\.trn +\| +\| +\S+ +(<?[\d.]+)", report(tmp_path, "unified", "-u"))
    tabled = 2 * stats.norm.sf(math.floor(100 * abs(ours.z)) / 100)  # sc_stats looks z up in a table of hundredths
    assert ours.p > 0.001 and p == f"{tabled:.3f}"
    assert ours.p == pytest.approx(tabled, abs=0.005)
