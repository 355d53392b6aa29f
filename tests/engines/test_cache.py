"""The engine cache: a key's work is done once, by whoever comes first, and never half."""

import subprocess
import sys
from pathlib import Path

import pytest

from speechtrt.engines.cache import CONTENTS, EngineCache, cache_key

WORKER = """
import sys, time
from pathlib import Path
from speechtrt.engines.cache import EngineCache

def make(folder):
    time.sleep(0.5)
    (folder / "engine").write_text("built")
    with Path(sys.argv[2]).open("a") as log:
        log.write("made\\n")

print((EngineCache(Path(sys.argv[1])).obtain("key", make) / "engine").read_text())
"""


def test_two_builders_of_one_key_do_the_work_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    command = [sys.executable, "-c", WORKER, str(tmp_path / "cache"), str(log)]
    builders = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert [b.communicate(timeout=60)[0] for b in builders] == ["built\n", "built\n"]
    assert log.read_text() == "made\n"


def test_a_build_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("written")
        raise RuntimeError("no")

    cache = EngineCache(tmp_path)
    with pytest.raises(RuntimeError):
        cache.obtain("key", fail)
    assert list(tmp_path.rglob("half")) == []
    made = cache.obtain("key", lambda folder: (folder / "whole").touch())
    assert {p.name for p in made.iterdir()} == {"whole", CONTENTS}


def test_every_part_changes_the_key() -> None:
    parts: dict[str, object] = {"graph": "a", "precision": "int8", "versions": {"onnxruntime": "1"}}
    assert cache_key(parts) == cache_key(dict(reversed(parts.items())))
    others = [{**parts, "graph": "b"}, {**parts, "precision": "fp16"}, {**parts, "versions": {"onnxruntime": "2"}}]
    assert len({cache_key(p) for p in [parts, *others]}) == 4
