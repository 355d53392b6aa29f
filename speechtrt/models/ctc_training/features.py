"""Log-mel features of a data set, computed once and kept as float16 beside its manifest."""

import io
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from speechtrt.artifact import sha256_file, write_bytes
from speechtrt.audio import Audio, read_audio
from speechtrt.models.ctc import FastConformerCtcConfig
from speechtrt.models.ctc_features import feature_extractor
from speechtrt.models.data.manifest import MANIFEST, Utterance, read_manifest

UTTERANCES_PER_WORKER = 500  # below this a process costs more to start than it saves
Frames = npt.NDArray[np.float16]


class LogMel:
    """What the model expects, from a recording of any rate."""

    def __init__(self, config: FastConformerCtcConfig) -> None:
        self.rate = config.sample_rate
        self._extractor = feature_extractor(config)

    def __call__(self, audio: Audio) -> Tensor:
        """Features [frames, mels] float32; frames = samples at 16 kHz // hop."""
        samples = audio.resampled(self.rate).samples
        output = self._extractor(samples, sampling_rate=self.rate, return_attention_mask=True)
        features: Tensor = output["input_features"][0]
        return features[output["attention_mask"][0].bool()]


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """The utterances of a set with their features; `starts` has one entry more than utterances."""

    utterances: tuple[Utterance, ...]
    frames: Frames  # [all frames, mels]
    starts: npt.NDArray[np.int64]

    def features(self, index: int) -> Frames:
        """Features [frames, mels] float16 of one utterance."""
        return self.frames[self.starts[index] : self.starts[index + 1]]


def load_features(folder: Path, config: FastConformerCtcConfig) -> FeatureSet:
    """The features of a set, from `features-<mels>.npz` beside the manifest if it was made from that manifest."""
    utterances = tuple(read_manifest(folder))
    digest = sha256_file(folder / MANIFEST)
    cache = folder / f"features-{config.n_mels}.npz"
    stored = _read_cache(cache, digest)
    if stored is not None:
        return FeatureSet(utterances, *stored)
    spoken = feature_set(utterances, _compute(folder, utterances, LogMel(config)))
    buffer = io.BytesIO()
    np.savez(buffer, frames=spoken.frames, starts=spoken.starts, manifest=np.array(digest))
    write_bytes(cache, buffer.getvalue())
    return spoken


def feature_set(utterances: Sequence[Utterance], parts: Sequence[npt.NDArray[np.floating]]) -> FeatureSet:
    """Utterances with their features [frames, mels], one item each."""
    starts = np.cumsum([0, *[len(part) for part in parts]], dtype=np.int64)
    return FeatureSet(tuple(utterances), np.concatenate(parts).astype(np.float16), starts)


def _read_cache(cache: Path, digest: str) -> tuple[Frames, npt.NDArray[np.int64]] | None:
    if not cache.is_file():
        return None
    with np.load(cache) as stored:
        if "manifest" not in stored or str(stored["manifest"]) != digest:
            return None
        return stored["frames"], stored["starts"]


def _compute(folder: Path, utterances: Sequence[Utterance], log_mel: LogMel) -> list[Frames]:
    measure = partial(_measure, folder, log_mel)
    workers = min(os.cpu_count() or 1, len(utterances) // UTTERANCES_PER_WORKER)
    if workers < 2:
        return [measure(item) for item in utterances]
    # torch's threads do not survive a fork
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return list(pool.map(measure, utterances, chunksize=64))


def _measure(folder: Path, log_mel: LogMel, utterance: Utterance) -> Frames:
    with torch.no_grad():
        return log_mel(read_audio(folder / utterance.audio)).numpy().astype(np.float16)
