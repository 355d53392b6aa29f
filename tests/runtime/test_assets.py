"""Tokenizers and voices that are not what they should be."""

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from speechtrt.artifact import list_files
from speechtrt.bundle import TextSpec, Voice
from speechtrt.engine_set import EngineFolder, EngineSet, Status
from speechtrt.errors import ManifestError, TextError
from speechtrt.precision import BackendName, Precision
from speechtrt.runtime.pieces import load_pieces
from speechtrt.runtime.tts.tokens import PieceEncoder
from speechtrt.runtime.tts.voices import Voices
from tests.runtime.fakes import tts_bundle, tts_stages


def engines(folder: Path, *voices: str) -> EngineFolder:
    model = replace(tts_bundle(tts_stages()), voices=tuple(Voice(v, f"{v}.npy") for v in voices))
    manifest = EngineSet(
        name="tiny",
        bundle_sha256="",
        model=model,
        backend=BackendName.ORT_CPU,
        requested=Precision.FP32,
        precision=Precision.FP32,
        status=Status.ACCEPTED,
        reason="",
        stages=(),
        gate=(),
        device={},
        builder={},
        files=list_files(folder, exclude=""),
    )
    return EngineFolder(folder, manifest)


def test_voices_are_known_by_name_and_the_first_is_the_default(tmp_path: Path) -> None:
    for number, name in enumerate(("anna", "ben")):
        np.save(tmp_path / f"{name}.npy", np.full((1, 3), number))
    voices = Voices.load(engines(tmp_path, "ben", "anna"))
    assert voices.names == ("ben", "anna")
    assert voices.get(None).tolist() == voices.get("ben").tolist() == [1, 1, 1]
    with pytest.raises(TextError, match="this model has ben, anna"):
        voices.get("Anna")


def test_a_voice_that_is_no_array_is_refused(tmp_path: Path) -> None:
    (tmp_path / "anna.npy").write_bytes(b"hello")
    with pytest.raises(ManifestError, match="not an array file"):
        Voices.load(engines(tmp_path, "anna"))


def test_a_model_without_voices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="has no voices"):
        Voices.load(engines(tmp_path))


def test_a_tokenizer_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokenizer.model"
    path.write_bytes(b"hello")
    with pytest.raises(ManifestError, match="not a sentencepiece model"):
        load_pieces(path)


def test_tokens_are_lower_case_letters_with_an_end(tmp_path: Path) -> None:
    import sentencepiece

    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["abc cab", "bca"]),
        model_writer=model,
        model_type="char",
        vocab_size=8,
        hard_vocab_limit=False,
        minloglevel=2,
    )
    path = tmp_path / "tokenizer.model"
    path.write_bytes(model.getvalue())
    encoder = PieceEncoder.load(path, TextSpec(path.name, ("en",), lower_case=True, eos=2))
    texts = [encoder.processor.decode(ids.tolist()) for ids in map(encoder.encode, ("Ab C", "a!b? c"))]
    assert texts == ["ab c", "ab c"]
    assert encoder.encode("a")[-1] == 2
    assert encoder.unknown("A?b!?") == "?!"
