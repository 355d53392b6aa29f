"""A backend of a few numpy lines: rows are independent, states matter, and results can be checked by hand."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from speechtrt.bundle import AudioSpec, Bundle, ChunkSpec, CtcSpec, Limits, Source, Task, TextSpec, TtsSpec
from speechtrt.closing import Closing
from speechtrt.runtime.backends.base import Array, Tensors
from speechtrt.specs import DType, Reset, StageSpec, StateKind, StateSpec, TensorSpec

MELS, REDUCTION, HOP, SPEAKER, UNITS = 3, 2, 4, 2, 5
POSTNET_CONTEXT, VOCODER_CONTEXT = 2, 3
F32, I64, BOOL = DType.FLOAT32, DType.INT64, DType.BOOL

Compute = Callable[[dict[str, Array]], dict[str, Array]]


@dataclass(slots=True)
class FakeRunner(Closing):
    """Runs a numpy function over rows; what it returns is written into the bound arrays, in place for caches."""

    stage: StageSpec
    compute: Compute
    bound: dict[str, Array] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    pulled: list[slice] = field(default_factory=list)
    closed: bool = False

    def run(self, inputs: Tensors) -> dict[str, Array]:
        self.batches.append(len(next(iter(inputs.values()))))
        return self.compute(dict(inputs))

    def bind(self, tensors: Tensors) -> None:
        self.bound = dict(tensors)

    def unbind(self) -> None:
        self.bound = {}

    def step(self, rows: int, first: int = 0) -> None:
        stepped = slice(first, first + rows)
        outputs = self.run({t.name: self.bound[t.name][stepped].copy() for t in self.stage.inputs})
        for name, value in outputs.items():
            self.bound[name][stepped] = value

    def push(self, rows: slice) -> None:
        """Steps read the bound arrays themselves."""

    def pull(self, rows: slice) -> None:
        """Steps write the bound arrays themselves."""
        self.pulled.append(rows)

    def close(self) -> None:
        self.closed = True


@dataclass(frozen=True, slots=True)
class FakeBackend:
    """Opens fake stages by name."""

    runners: dict[str, FakeRunner]
    name: str = "fake"

    def open(self, stage: str) -> FakeRunner:
        return self.runners[stage]


def tensor(name: str, dtype: DType, *shape: int | str) -> TensorSpec:
    return TensorSpec(name, dtype, shape)


def _bundle(task: Task, hop: int, stages: tuple[StageSpec, ...], tts: TtsSpec | None, ctc: CtcSpec | None) -> Bundle:
    return Bundle(
        name="fake",
        family="fake",
        task=task,
        source=Source("fake", ""),
        audio=AudioSpec(16000, hop, MELS),
        text=TextSpec("tokenizer.model", ("en",), lower_case=True),
        limits=Limits(max_text=40, max_frames=400),
        stages=stages,
        parity=(),
        exporter={},
        files=(),
        tts=tts,
        ctc=ctc,
    )


# --- text to speech ---


def _encoder(x: dict[str, Array]) -> dict[str, Array]:
    value = (x["tokens"] * x["text_mask"]).astype(np.float32)
    return {"cross_k_0": value[:, None, :, None], "speaker_bias": x["speaker"].sum(axis=1, keepdims=True)}


def _decoder(x: dict[str, Array]) -> dict[str, Array]:
    """Frames depend on the whole history; speech stops after as many steps as the text has tokens."""
    rows = np.arange(len(x["frame"]))
    cache = x["self_k_0"]
    cache[rows, 0, x["position"], 0] = x["frame"].sum(axis=1) * 0.1 + x["dropout"].sum(axis=(1, 2)) * 0.01
    seen = np.arange(cache.shape[2]) <= x["position"][:, None]
    history = np.sin(cache[:, 0, :, 0] * seen).sum(axis=1)
    text = (x["cross_k_0"][:, 0, :, 0] * x["text_mask"]).sum(axis=1)
    value = np.sin(history + 0.1 * text + x["speaker_bias"][:, 0])
    frames = value[:, None, None] + np.arange(REDUCTION * MELS).reshape(REDUCTION, MELS) * 0.01
    stop = np.where(x["position"] + 1 >= x["text_mask"].sum(axis=1), 0.9, 0.0)
    return {"frames": frames, "stop": np.repeat(stop[:, None], REDUCTION, axis=1), "self_k_0_out": cache}


def _smooth(x: Array, context: int) -> Array:
    """Sum over `context` frames on each side, zeros beyond the ends; x [rows, frames, bins]."""
    padded = np.pad(x, ((0, 0), (context, context), (0, 0)))
    return np.asarray(np.sum([padded[:, i : i + x.shape[1]] * (i + 1) for i in range(2 * context + 1)], axis=0))


def _vocoder(x: dict[str, Array]) -> dict[str, Array]:
    level = _smooth(x["mel"], VOCODER_CONTEXT).mean(axis=2)
    return {"pcm": (level[:, :, None] * np.linspace(0.1, 1, HOP)).reshape(len(level), -1).astype(np.float32)}


def tts_stages() -> dict[str, FakeRunner]:
    encoder = StageSpec(
        "encoder",
        "",
        (
            tensor("tokens", I64, "rows", "text_len"),
            tensor("text_mask", BOOL, "rows", "text_len"),
            tensor("speaker", F32, "rows", SPEAKER),
        ),
        (tensor("cross_k_0", F32, "rows", 1, "text_len", 1), tensor("speaker_bias", F32, "rows", 1)),
    )
    decoder = StageSpec(
        "decoder",
        "",
        (
            tensor("frame", F32, "slots", MELS),
            tensor("position", I64, "slots"),
            tensor("dropout", F32, "slots", 2, UNITS),
            tensor("text_mask", BOOL, "slots", "text_len"),
            tensor("speaker_bias", F32, "slots", 1),
            tensor("self_k_0", F32, "slots", 1, "max_len", 1),
            tensor("cross_k_0", F32, "slots", 1, "text_len", 1),
        ),
        (
            tensor("frames", F32, "slots", REDUCTION, MELS),
            tensor("stop", F32, "slots", REDUCTION),
            tensor("self_k_0_out", F32, "slots", 1, "max_len", 1),
        ),
        (
            StateSpec("self_k_0", "self_k_0_out", StateKind.KV_CACHE, "max_len"),
            StateSpec("cross_k_0", None, StateKind.MEMORY),
            StateSpec("speaker_bias", None, StateKind.MEMORY),
            StateSpec("text_mask", None, StateKind.MEMORY),
        ),
    )
    frames = tensor("frames", F32, "rows", "frames", MELS)
    mel = tensor("mel", F32, "rows", "frames", MELS)
    postnet = StageSpec("postnet", "", (frames,), (mel,), context=POSTNET_CONTEXT)
    vocoder = StageSpec("vocoder", "", (mel,), (tensor("pcm", F32, "rows", "samples"),), context=VOCODER_CONTEXT)
    return {
        "encoder": FakeRunner(encoder, _encoder),
        "decoder": FakeRunner(decoder, _decoder),
        "postnet": FakeRunner(postnet, lambda x: {"mel": _smooth(x["frames"], POSTNET_CONTEXT).astype(np.float32)}),
        "vocoder": FakeRunner(vocoder, _vocoder),
    }


def tts_bundle(runners: dict[str, FakeRunner]) -> Bundle:
    spec = TtsSpec(REDUCTION, 2, UNITS, dropout=0.5, stop_threshold=0.5, min_ratio=0.0, max_ratio=20.0)
    return _bundle(Task.TTS, HOP, tuple(r.stage for r in runners.values()), spec, None)


@dataclass(frozen=True, slots=True)
class LetterEncoder:
    """Every letter and the space is a token."""

    known: str = "abcdefghijklmnopqrstuvwxyz '"

    def encode(self, text: str) -> Array:
        return np.array([self.known.index(c) + 1 for c in text.lower() if c in self.known], np.int64)

    def unknown(self, text: str) -> str:
        return "".join(c for c in dict.fromkeys(text.lower()) if c not in self.known)


# --- speech to text ---

FRAMES, FRAME, FEATURE_HOP = 2, 1280, 160
LEAD = 7 * FEATURE_HOP + 201
WINDOW = LEAD + FRAMES * FRAME + 40
PIECES = ("\u2581a", "b", "\u2581c", "d")
BLANK = len(PIECES)


def _step(x: dict[str, Array]) -> dict[str, Array]:
    """A frame's label is where its loudness and the loudness of everything before it lead."""
    rows = len(x["pcm"])
    log_probs = np.full((rows, FRAMES, BLANK + 1), -8.0, np.float32)
    loud, total, length = np.abs(x["pcm"]), x["conv_0"].copy(), x["cache_len"].copy()
    for row in range(rows):
        for frame in range(FRAMES):
            start = LEAD + frame * FRAME
            total[row] += loud[row, start : start + FRAME].sum()
            label = int(np.round(total[row, 0, 0] * 4 + length[row])) % (BLANK + 1)
            log_probs[row, frame, label] = -0.125
            length[row] += 1
    speech = np.clip(((x["samples"] - LEAD) // FEATURE_HOP + 14) // 8, 0, FRAMES)
    return {"log_probs": log_probs, "frames": speech, "conv_0_out": total, "cache_len_out": length}


def ctc_stages() -> dict[str, FakeRunner]:
    stage = StageSpec(
        "step_160",
        "",
        (
            tensor("pcm", F32, "slots", WINDOW),
            tensor("samples", I64, "slots"),
            tensor("cache_len", I64, "slots"),
            tensor("conv_0", F32, "slots", 1, 1),
        ),
        (
            tensor("log_probs", F32, "slots", FRAMES, BLANK + 1),
            tensor("frames", I64, "slots"),
            tensor("cache_len_out", I64, "slots"),
            tensor("conv_0_out", F32, "slots", 1, 1),
        ),
        (
            StateSpec("cache_len", "cache_len_out", StateKind.LENGTH, reset=Reset.ZERO),
            StateSpec("conv_0", "conv_0_out", StateKind.CONV_CACHE, reset=Reset.ZERO),
        ),
    )
    return {"step_160": FakeRunner(stage, _step)}


def ctc_bundle(runners: dict[str, FakeRunner]) -> Bundle:
    chunk = ChunkSpec("step_160", 160, FRAMES, WINDOW, FRAMES * FRAME, LEAD)
    return _bundle(
        Task.CTC, FEATURE_HOP, tuple(r.stage for r in runners.values()), None, CtcSpec(BLANK, 0.08, (chunk,))
    )
