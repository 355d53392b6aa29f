"""`speechtrt cache`: what is in use stays, what is old goes, what is damaged is found."""

import json
import os
import shutil
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from speechtrt.engine_set import EngineFolder
from speechtrt.engines.builder import build_engine_set
from speechtrt.engines.cache import EngineCache
from speechtrt.engines.cache_commands import DAY, cache_group
from speechtrt.engines.cached_stage import CachedStage, Keep, surplus
from speechtrt.errors import IntegrityError
from speechtrt.precision import BackendName, Precision


@pytest.fixture
def place(tmp_path: Path, ctc_bundle: Path) -> Path:
    """A set in use, and one that has gone while its stage is still cached, both a month old."""
    for precision in (Precision.FP32, Precision.INT8):
        build(tmp_path, ctc_bundle, precision)
    shutil.rmtree(tmp_path / "engines" / "ctc" / "int8")
    for path in (tmp_path / "cache" / "engines").iterdir():
        os.utime(path, (0, time.time() - 30 * DAY))
    return tmp_path


def build(place: Path, bundle: Path, precision: Precision) -> EngineFolder:
    out = place / "engines" / "ctc" / str(precision)
    return build_engine_set(
        bundle, BackendName.ORT_CPU, precision, out, cache=place / "cache", most_time=1e9, say=lambda line: None
    )


def run(place: Path, command: str, *arguments: str) -> Result:
    folders = ["--cache", str(place / "cache")]
    folders += [] if command == "verify" else ["--engines", str(place / "engines")]
    return CliRunner().invoke(cache_group, [command, *folders, *arguments])


def keys(place: Path) -> set[str]:
    return {path.name for path in (place / "cache" / "engines").iterdir() if path.is_dir()}


def test_ls_says_who_needs_what(place: Path) -> None:
    result = run(place, "ls")
    lines = sorted(line.split() for line in result.stdout.splitlines())
    assert sorted((line[1], line[2], line[-1]) for line in lines) == [
        ("step_160", "fp32", "ctc/fp32"),
        ("step_160", "int8", "unused"),
    ]
    entries = json.loads(run(place, "ls", "--json").stdout)["entries"]
    assert {entry["key"] for entry in entries} == keys(place)
    assert all(entry["age_seconds"] > 29 * DAY for entry in entries)


def test_gc_keeps_what_a_set_holds(place: Path, ctc_bundle: Path) -> None:
    kept = EngineFolder.open(place / "engines" / "ctc" / "fp32").manifest.stages[0].cache_key
    assert run(place, "gc", "--dry-run").exit_code == 0
    gone = keys(place) - {kept}
    assert len(gone) == 1
    assert json.loads(run(place, "gc", "--json").stdout)["removed"]
    assert keys(place) == {kept}
    locks = {path.stem for path in (place / "cache" / "engines").glob("*.lock")}
    assert kept in locks
    assert locks.isdisjoint(gone)
    assert build(place, ctc_bundle, Precision.INT8).manifest.precision is Precision.INT8  # made again


def test_gc_keeps_what_was_asked_for_lately(place: Path) -> None:
    before = keys(place)
    run(place, "gc", "--days", "60")
    assert keys(place) == before
    for path in (place / "cache" / "engines").iterdir():
        os.utime(path)
    run(place, "gc", "--days", "0", "--megabytes", "0")
    assert keys(place) == before


def test_asking_for_an_entry_makes_it_young(place: Path, ctc_bundle: Path) -> None:
    build(place, ctc_bundle, Precision.INT8)
    ages = {e["stage"]: e["age_seconds"] for e in json.loads(run(place, "ls", "--json").stdout)["entries"]}
    assert ages["step_160 int8"] < 60


def entry(key: str, size: int, days: float, *used_by: str) -> CachedStage:
    return CachedStage(key, "s int8", size, days * DAY, used_by)


def test_size_takes_the_longest_unused_first() -> None:
    entries = [entry("a", 50, 9, "set"), entry("b", 40, 8), entry("c", 30, 5), entry("d", 20, 3)]
    gone = surplus(entries, Keep(30 * DAY, bytes=75))
    assert [e.key for e in gone] == ["b", "c"]
    assert surplus(entries, Keep(30 * DAY)) == []
    assert [e.key for e in surplus(entries, Keep(4 * DAY))] == ["b", "c"]
    assert [e.key for e in surplus(entries, Keep(0, bytes=0))] == ["b", "c", "d"]


def test_verify_finds_a_flipped_bit_and_a_lost_file(place: Path) -> None:
    assert run(place, "verify").exit_code == 0
    engine, other = (next((place / "cache" / "engines" / key).glob("*.onnx")) for key in sorted(keys(place)))
    data = bytearray(engine.read_bytes())
    data[len(data) // 2] ^= 1
    engine.write_bytes(data)
    other.unlink()
    result = run(place, "verify")
    assert result.exit_code == 1
    assert result.stderr.count("BROKEN") == 2
    assert run(place, "verify", "--remove").exit_code == 0
    assert keys(place) == set()


def test_a_damaged_entry_never_becomes_an_engine_set(place: Path, ctc_bundle: Path) -> None:
    for engine in (place / "cache" / "engines").glob("*/step_160.onnx"):
        engine.write_bytes(engine.read_bytes()[:-10])
    with pytest.raises(IntegrityError, match="cache verify --remove"):
        build(place, ctc_bundle, Precision.INT8)
    assert not (place / "engines" / "ctc" / "int8").exists()


def test_gc_sweeps_up_after_a_crash(place: Path) -> None:
    left = place / "cache" / "engines" / ".key.half"
    left.mkdir()
    os.utime(left, (0, 0))
    run(place, "gc")
    assert not left.exists()


def test_a_forgotten_entry_is_made_again_by_who_waited(tmp_path: Path) -> None:
    cache = EngineCache(tmp_path)
    first = cache.obtain("key", lambda folder: (folder / "one").touch())
    cache.forget("key")
    assert not first.exists()
    assert (cache.obtain("key", lambda folder: (folder / "two").touch()) / "two").exists()
