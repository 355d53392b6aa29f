"""A served voice whose engines err speaks on in the reference precision, and says so."""

import shutil
from pathlib import Path

import numpy as np

from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.serving.models.opening import OpeningOptions, open_engines
from tests.runtime.serving.variants import rewritten, variant


def test_the_reference_beside_takes_over(tiny_tts_engines: Path, tmp_path: Path) -> None:
    reference = tmp_path / "ort-cpu-fp32"
    shutil.copytree(tiny_tts_engines, reference)
    wrong = variant(tiny_tts_engines, tmp_path / "ort-cpu-int8")
    manifest = (wrong / "engine.json").read_text().replace('"precision": "fp32"', '"precision": "int8"')
    rewritten(wrong, manifest)
    alone = open_engines(EngineFolder.open(reference), OpeningOptions(guard_share=1.0))
    unguarded = open_engines(EngineFolder.open(wrong), OpeningOptions())
    guarded = open_engines(EngineFolder.open(wrong), OpeningOptions(guard_share=1.0), alone.specimen)
    assert alone.specimen and guarded.specimen and unguarded.specimen
    right, other, found = (s.spoken[-1].audio.samples for s in (alone.specimen, unguarded.specimen, guarded.specimen))
    assert not np.array_equal(right, other)
    np.testing.assert_array_equal(found, right)
    assert [o.model.gauges().tripped for o in (alone, unguarded, guarded)] == [False, False, True]
    assert guarded.model.gauges().guarded["switched"] == 1
    for opened in (alone, unguarded, guarded):
        opened.close()
