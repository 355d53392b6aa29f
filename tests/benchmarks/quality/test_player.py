"""The runtime's own way of running a stage gives the answers that the gate's sessions give."""

import numpy as np
import pytest

from speechtrt.benchmarks.quality.player import EnginePlayer, gpu_player
from speechtrt.engine_set import EngineFolder
from speechtrt.engines.build_context import EVALUATION
from speechtrt.engines.evaluation import answers, decode_evaluation
from speechtrt.errors import BackendError


@pytest.mark.parametrize("engines", ["tiny_tts_engines", "tiny_ctc_engines"])
def test_every_stage_answers_as_in_the_gate(engines: str, request: pytest.FixtureRequest) -> None:
    folder = EngineFolder.open(request.getfixturevalue(engines))
    player = EnginePlayer("this CPU")
    for stage in folder.manifest.stages:
        name = stage.spec.name
        recorded = folder.file(f"{EVALUATION}/{name}.npz")
        playlist = decode_evaluation(recorded, folder.manifest.model.stage(name)).playlist
        found, wanted = player.answers(folder, playlist), answers(folder.file(stage.file.path), playlist)
        assert found.keys() == wanted.keys()
        for output, values in wanted.items():
            assert len(values) == len(found[output]) > 0
            for one, other in zip(values, found[output], strict=True):
                np.testing.assert_allclose(other, one, rtol=1e-5, atol=1e-6)


def test_without_a_gpu_there_is_no_player(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent() -> None:
        raise BackendError("no device")

    monkeypatch.setattr("speechtrt.benchmarks.quality.player.open_cuda", absent)
    assert gpu_player() is None
