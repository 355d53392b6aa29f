"""Bundles of the hand-made graphs, written to disk as `export` would."""

from pathlib import Path

import numpy as np
from onnx import ModelProto

from speechtrt.artifact import list_files, sha256_bytes
from speechtrt.bundle import (
    BUNDLE_FILE,
    AudioSpec,
    Bundle,
    ChunkSpec,
    CtcSpec,
    Limits,
    ParityRow,
    Source,
    Task,
    TextSpec,
    TtsSpec,
    Voice,
)
from speechtrt.documents import write_document
from speechtrt.engines.graph import Graph
from speechtrt.specs import Reset, StageSpec, StateKind, StateSpec
from tests.engines import tiny_graphs as tiny

Array = np.ndarray
Samples = list[dict[str, Array]]


def write_tts_bundle(folder: Path, size: tiny.DecoderSize | None = None) -> Path:
    """Encoder, decoder, postnet and vocoder with recorded inputs of three texts."""
    size = size or tiny.DecoderSize()
    models = {
        "encoder": tiny.encoder(size),
        "decoder": tiny.decoder(size),
        "postnet": tiny.convolution("frames", "mel", mels=size.mels),
        "vocoder": tiny.convolution("mel", "pcm", hop=8, mels=size.mels),
    }
    states = {"decoder": decoder_states(size)}
    contexts = {"postnet": 2, "vocoder": 3}
    stages = [add_stage(folder, n, m, states.get(n, ()), contexts.get(n, 0)) for n, m in models.items()]
    write_samples(folder, "encoder", [encoder_inputs(i) for i in range(3)])
    write_samples(folder, "decoder", [decoder_inputs(size, i) for i in range(3)])
    random = np.random.default_rng(5)
    for name, tensor in (("postnet", "frames"), ("vocoder", "mel")):
        write_samples(folder, name, [{tensor: _normal(random, 1, 12 + i, size.mels)} for i in range(3)])
    (folder / "voices").mkdir()
    np.save(folder / "voices" / "anna.npy", np.zeros(6, np.float32))
    tts = TtsSpec(tiny.REDUCTION, 2, size.prenet, 0.5, 0.5, 0.0, 20.0)
    return write_manifest(folder, "tts-tiny", Task.TTS, stages, tts=tts, voices=(Voice("anna", "voices/anna.npy"),))


def write_ctc_bundle(folder: Path) -> Path:
    """One streaming step with eight recorded chunks of two streams."""
    states = (
        *(StateSpec(n, f"{n}_out", StateKind.LENGTH, reset=Reset.ZERO) for n in ("cache_len", "write_pos")),
        *(StateSpec(n, f"{n}_out", StateKind.RING_CACHE) for n in ("k_0", "v_0")),
        StateSpec("conv_0", "conv_0_out", StateKind.CONV_CACHE),
    )
    stages = [add_stage(folder, "step_160", tiny.stream_step(), states, 0)]
    random = np.random.default_rng(6)
    chunk = {"samples": np.full(2, tiny.WINDOW_SAMPLES, np.int64)}
    write_samples(
        folder, "step_160", [{"pcm": _normal(random, 2, tiny.WINDOW_SAMPLES) * 0.1, **chunk} for _ in range(8)]
    )
    shape = ChunkSpec("step_160", 160, tiny.CHUNK, tiny.WINDOW_SAMPLES, tiny.WINDOW_SAMPLES, 0)
    return write_manifest(folder, "ctc-tiny", Task.CTC, stages, ctc=CtcSpec(tiny.BLANKS - 1, 0.08, (shape,)))


def decoder_states(size: tiny.DecoderSize) -> tuple[StateSpec, ...]:
    """Self caches and memory of the decoder stage."""
    moving = [f"self_{kind}_{i}" for kind in "kv" for i in range(size.layers)]
    memory = [f"cross_{kind}_{i}" for kind in "kv" for i in range(size.layers)] + ["speaker_bias", "text_mask"]
    return (
        *(StateSpec(n, f"{n}_out", StateKind.KV_CACHE, grows="max_len") for n in moving),
        *(StateSpec(n, None, StateKind.MEMORY) for n in memory),
    )


def encoder_inputs(seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    length = 5 + seed
    return {
        "tokens": random.integers(0, 12, (1, length)),
        "text_mask": np.ones((1, length), bool),
        "speaker": _normal(random, 1, 6),
    }


def decoder_inputs(size: tiny.DecoderSize, seed: int) -> dict[str, Array]:
    random = np.random.default_rng(seed)
    length = 5 + seed
    cross = {
        f"cross_{kind}_{i}": _normal(random, 1, size.heads, length, size.width)
        for kind in "kv"
        for i in range(size.layers)
    }
    mask = np.arange(length)[None, :] < length - 1
    return {**cross, "text_mask": mask, "speaker_bias": _normal(random, 1, size.hidden)}


def add_stage(folder: Path, name: str, model: ModelProto, states: tuple[StateSpec, ...], context: int) -> StageSpec:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())
    inputs, outputs = Graph(model).specs()
    return StageSpec(name, f"{name}.onnx", inputs, outputs, states, context)


def write_samples(folder: Path, stage: str, samples: Samples) -> None:
    arrays = {f"{i}/{name}": value for i, sample in enumerate(samples) for name, value in sample.items()}
    (folder / "calibration").mkdir(exist_ok=True)
    np.savez(folder / "calibration" / f"{stage}.npz", allow_pickle=False, **arrays)


def write_manifest(
    folder: Path,
    name: str,
    task: Task,
    stages: list[StageSpec],
    *,
    tts: TtsSpec | None = None,
    ctc: CtcSpec | None = None,
    voices: tuple[Voice, ...] = (),
) -> Path:
    (folder / "tokenizer.model").write_bytes(b"not read by the builder")
    manifest = Bundle(
        name=name,
        family="tiny",
        task=task,
        source=Source("tiny", sha256_bytes(b"tiny")),
        audio=AudioSpec(16000, 8, tiny.MELS),
        text=TextSpec("tokenizer.model", ("en",), lower_case=True),
        limits=Limits(max_text=24, max_frames=60),
        stages=tuple(stages),
        parity=tuple(ParityRow(s.name, "all", 0.0, 1e-4) for s in stages),
        exporter={"speechtrt": "test"},
        files=list_files(folder, exclude=BUNDLE_FILE),
        tts=tts,
        ctc=ctc,
        voices=voices,
        calibration={s.name: f"calibration/{s.name}.npz" for s in stages},
    )
    write_document(folder / BUNDLE_FILE, manifest)
    return folder


def _normal(random: np.random.Generator, *shape: int) -> Array:
    return random.normal(0, 1, shape).astype(np.float32)
