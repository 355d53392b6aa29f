"""What a bundle of an offline recogniser says and holds."""

import numpy as np
import pytest

from speechtrt.bundle import BundleFolder, RecordingSpec, Task
from speechtrt.documents import read_document
from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.families.fastconformer_sounds import made_up
from speechtrt.export.families.offline_parity import heard, pad
from speechtrt.pieces import PIECES_FILE, PieceList


def test_the_stage_hears_what_transformers_hears(offline_bundle: BundleFolder) -> None:
    offline_bundle.verify()
    rows = offline_bundle.manifest.parity
    assert [row.quantity for row in rows] == [
        "log-probabilities of 5 recordings",
        "log-probabilities of a recording alone",
    ]
    assert all(row.max_abs < 2e-4 for row in rows)


def test_the_manifest_describes_recordings_and_decoding(offline_bundle: BundleFolder) -> None:
    bundle = offline_bundle.manifest
    assert (bundle.family, bundle.task) == (bundle.name, Task.CTC)
    assert bundle.ctc is not None
    assert bundle.ctc.recording == RecordingSpec(1600, 480_000)
    assert bundle.ctc.chunks == ()
    assert bundle.ctc.frame_seconds == (0.08 if bundle.family == "parakeet_ctc" else 0.02)
    assert [stage.name for stage in bundle.stages] == ["encoder"]
    assert bundle.text.tokenizer == PIECES_FILE


def test_every_label_but_the_blank_has_a_piece(offline_bundle: BundleFolder) -> None:
    bundle = offline_bundle.manifest
    pieces = read_document(offline_bundle.file(PIECES_FILE), PieceList).pieces
    assert len(pieces) + 1 == bundle.stage("encoder").output("log_probs").shape[-1]
    assert "\u2581" in "".join(pieces)
    assert not any(piece.startswith("<") for piece in pieces)


def test_a_row_depends_on_nothing_but_its_recording(offline_bundle: BundleFolder) -> None:
    runner = CanonicalRunner(offline_bundle.file("encoder.onnx"))
    mine, short, long = made_up(16_000, 1, 1.0), made_up(16_000, 2, 0.3), made_up(16_000, 3, 2.0)
    (alone,) = heard(runner, pad([mine], 0))
    for neighbours, surplus, junk in (([short], 0, 0.0), ([short, long], 3000, 5.0), ([], 12_345, 100.0)):
        *_, row = heard(runner, pad([*neighbours, mine], surplus, junk))
        assert np.abs(row - alone).max() < 1e-4


@pytest.mark.parametrize("samples", [1600, 1601, 2000, 16_319])
def test_lengths_of_all_kinds(offline_bundle: BundleFolder, samples: int) -> None:
    runner = CanonicalRunner(offline_bundle.file("encoder.onnx"))
    audio = made_up(16_000, 4, 1.1)[:samples]
    inputs = pad([audio, made_up(16_000, 5, 1.2)], 0, 9.0)
    outputs = runner(inputs)
    frames = int(outputs["frames"][0])
    (alone,) = heard(runner, pad([audio], 0))
    assert len(alone) == frames > 0
    assert np.abs(outputs["log_probs"][0, frames:]).max(initial=0.0) == 0.0


def test_calibration_holds_speech_of_mixed_lengths(offline_bundle: BundleFolder) -> None:
    with np.load(offline_bundle.file(offline_bundle.manifest.calibration["encoder"])) as arrays:
        assert len({key.split("/")[0] for key in arrays}) == 8
        assert len(set(arrays["3/samples"].tolist())) == 4
        assert np.abs(arrays["3/pcm"]).max() > 0.01
