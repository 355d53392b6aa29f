"""How stages are driven: free-running, in dirty caches, on inputs the calibration has not seen."""

from pathlib import Path

import numpy as np
import pytest

from speechtrt.bundle import BundleFolder
from speechtrt.engines.calibration import Recording, load_recording
from speechtrt.engines.evaluation import answers, decode_evaluation, encode_evaluation
from speechtrt.engines.profiles import MOST_STEPS, cache_bucket, stage_profiles
from speechtrt.engines.scenario import DECODER_STEPS, feeds_of, initial_states
from speechtrt.errors import ManifestError
from tests.engines.conftest import evaluation_of


def test_a_decoder_hears_its_own_last_frame(tts_bundle: Path) -> None:
    scenario = evaluation_of(tts_bundle, "decoder")[1].playlist.scenarios[0]
    assert len(scenario.steps) == DECODER_STEPS
    frames = np.arange(8, dtype=np.float32).reshape(1, 2, 4)
    assert feeds_of(scenario, scenario.steps[3], {"frames": frames})["frame"].tolist() == [[4, 5, 6, 7]]
    assert not feeds_of(scenario, scenario.steps[0], None)["frame"].any()


def test_positions_count_up_and_dropout_differs_between_steps(tts_bundle: Path) -> None:
    steps = evaluation_of(tts_bundle, "decoder")[1].playlist.scenarios[0].steps
    assert [int(s["position"][0]) for s in steps] == list(range(DECODER_STEPS))
    assert set(np.unique(steps[0]["dropout"])) == {0.0, 2.0}
    assert (steps[0]["dropout"] != steps[1]["dropout"]).any()


def test_caches_start_as_noise_and_lengths_as_zero(ctc_bundle: Path) -> None:
    playlist = evaluation_of(ctc_bundle, "step_160")[1].playlist
    states = initial_states(playlist, playlist.scenarios[0])
    assert not states["cache_len"].any()
    assert not states["write_pos"].any()
    assert all(states[name].std() > 0.5 for name in ("k_0", "v_0", "conv_0"))


def test_a_stream_runs_on_for_at_least_six_chunks(ctc_bundle: Path) -> None:
    evaluation = evaluation_of(ctc_bundle, "step_160")[1]
    assert len(evaluation.outputs["log_probs"]) >= 6
    assert set(evaluation.outputs) == {"log_probs", "frames"}  # states are not answers


def test_calibration_and_judgement_share_nothing_they_can_avoid(tts_bundle: Path, ctc_bundle: Path) -> None:
    tts, ctc = BundleFolder.open(tts_bundle), BundleFolder.open(ctc_bundle)
    seen, unseen = load_recording(tts, tts.manifest.stage("vocoder")).halves(streaming=False)
    assert not {s["mel"].tobytes() for s in seen.samples} & {s["mel"].tobytes() for s in unseen.samples}
    seen, unseen = load_recording(ctc, ctc.manifest.stage("step_160")).halves(streaming=True)
    assert [s["pcm"].shape[0] for s in (*seen.samples, *unseen.samples)] == [1] * 16
    assert seen.samples[0]["pcm"].tobytes() != unseen.samples[0]["pcm"].tobytes()


def test_a_single_sample_serves_as_both() -> None:
    single = Recording("s", ({"x": np.ones((1, 2))},))
    assert single.halves(streaming=False) == (single, single)
    assert single.halves(streaming=True) == (single, single)


@pytest.mark.parametrize("stage", ["decoder", "postnet"])
def test_an_evaluation_survives_the_disk(tts_bundle: Path, tmp_path: Path, stage: str) -> None:
    _, evaluation = evaluation_of(tts_bundle, stage)
    path = tmp_path / "evaluation.npz"
    path.write_bytes(encode_evaluation(evaluation))
    read = decode_evaluation(path, evaluation.playlist.stage)
    assert read.playlist.max_len == evaluation.playlist.max_len
    assert len(read.playlist.scenarios) == len(evaluation.playlist.scenarios)
    for name, values in evaluation.outputs.items():
        assert all(np.array_equal(a, b) for a, b in zip(values, read.outputs[name], strict=True))
    again = answers((tts_bundle / f"{stage}.onnx").read_bytes(), read.playlist)
    assert all(
        np.array_equal(a, b)
        for a, b in zip(
            again["frames" if stage == "decoder" else "mel"],
            evaluation.outputs["frames" if stage == "decoder" else "mel"],
            strict=True,
        )
    )


def test_a_file_that_is_no_recording_is_refused(tts_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = BundleFolder.open(tts_bundle)
    monkeypatch.setitem(folder.manifest.calibration, "vocoder", "tokenizer.model")
    with pytest.raises(ManifestError, match="not an archive of recorded inputs"):
        load_recording(folder, folder.manifest.stage("vocoder"))


def test_a_frozen_cache_is_a_whole_bucket(tts_bundle: Path) -> None:
    manifest = BundleFolder.open(tts_bundle).manifest
    assert cache_bucket(manifest) == 128  # 60 frames, two a step, are 30 steps
    profiles = {p.dim: (p.min, p.opt, p.max) for p in stage_profiles(manifest, manifest.stage("decoder"))}
    assert profiles["max_len"] == (128, 128, 128)
    assert profiles["slots"][0] == 1 < profiles["slots"][2]
    assert profiles["text_len"][2] == manifest.limits.max_text <= MOST_STEPS
