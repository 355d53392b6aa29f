"""sherpa-onnx runs the files unmodified and reads what our own loop over the same features reads."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import sherpa_onnx

from speechtrt.audio import Samples, read_audio
from speechtrt.documents import read_document
from speechtrt.export.canonical import CanonicalRunner
from speechtrt.export.families.fastconformer_sounds import EVALUATION, made_up
from speechtrt.export.nemo.layout import LAYOUT_FILE, NemoFile, NemoLayout, export_nemo_layout
from speechtrt.export.nemo.stages import nemo_stage
from speechtrt.export.nemo.streams import stream_features
from speechtrt.export.nemo.tokens import read_tokens
from speechtrt.models.ctc import load_ctc
from tests.export.nemo.kaldi_features import Floats, kaldi_features

ROOT = Path(__file__).parents[3]
REFERENCE = ROOT / "speechtrt" / "models" / "weights" / "ctc-small"
LEAD = 16 * 160 + 80  # what sherpa-onnx drops of a stream's start, and half a hop between the frames of kaldi and NeMo
TAIL = 16_000


def padded(audio: Samples) -> Samples:
    return np.concatenate([np.zeros(LEAD, np.float32), audio, np.zeros(TAIL, np.float32)])


def sherpa_reads(folder: Path, model: NemoFile, audios: list[Samples]) -> list[str]:
    recogniser = sherpa_onnx.OnlineRecognizer.from_nemo_ctc(
        tokens=str(folder / "tokens.txt"), model=str(folder / model.file), num_threads=1
    )
    streams = [recogniser.create_stream() for _ in audios]
    for stream, audio in zip(streams, audios, strict=True):
        stream.accept_waveform(16_000, padded(audio))
        stream.input_finished()
    while ready := [stream for stream in streams if recogniser.is_ready(stream)]:
        recogniser.decode_streams(ready)
    return [recogniser.get_result(stream).strip() for stream in streams]


def we_read(folder: Path, checkpoint: Path, model: NemoFile, audios: list[Samples]) -> list[str]:
    metadata = model.metadata
    spec = nemo_stage(load_ctc(checkpoint), metadata.frames).spec
    runner = CanonicalRunner(folder / model.file)
    pieces = read_tokens(folder / "tokens.txt", metadata.vocab_size)
    features = [heard_by_sherpa(kaldi_features(padded(audio)), model) for audio in audios]
    return [text(stream_features(runner, spec, metadata, [mel], 0.0)[0], pieces) for mel in features]


def heard_by_sherpa(features: Floats, model: NemoFile) -> Floats:
    """Whole windows only, and one spare frame behind the last."""
    window, shift = model.metadata.window_size, model.metadata.chunk_shift
    return features[: (len(features) - 1 - window) // shift * shift + window]


def text(log_probs: Floats, pieces: tuple[str, ...]) -> str:
    labels = [len(pieces), *log_probs.argmax(axis=1).tolist()]
    kept = [label for before, label in pairwise(labels) if label not in (before, len(pieces))]
    return "".join(pieces[label] for label in kept).replace("\u2581", " ").strip()


def test_a_random_model(nemo_folder: Path, ctc_checkpoint: Path) -> None:
    audios = [made_up(16_000, seed, seconds) for seed, seconds in ((1, 2.0), (2, 3.1), (3, 7.3))]
    for model in read_document(nemo_folder / LAYOUT_FILE, NemoLayout).models:
        heard = sherpa_reads(nemo_folder, model, audios)
        assert heard == we_read(nemo_folder, ctc_checkpoint, model, audios)
        assert len(set(heard)) == len(heard)


@pytest.mark.parametrize("index", [0, 1])
def test_the_reference_model_on_the_evaluation_recordings(index: int) -> None:
    folder = ROOT / "build" / "nemo" / "ctc-small"
    model = export_nemo_layout(str(REFERENCE), folder).models[index]
    audios = [read_audio(path).resampled(16_000).samples for path in sorted(EVALUATION.glob("*.flac"))]
    assert len(audios) >= 40
    assert sherpa_reads(folder, model, audios) == we_read(folder, REFERENCE, model, audios)
