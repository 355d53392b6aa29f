"""A peer that hears the same weights on the same recordings: its files, its best settings, and what it hears alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import numpy as np

from speechtrt.audio import Samples
from speechtrt.benchmarks.measure.child import Child
from speechtrt.benchmarks.stream.client import RATE, Spoken
from speechtrt.benchmarks.stream.host import Side
from speechtrt.benchmarks.stream.sherpa import SherpaModel, SherpaSettings, SherpaSide, expect_sherpa, read_alone
from speechtrt.benchmarks.stream.sherpa_tuning import BATCHES, QUICK_BATCHES, Tried, TryAll, best
from speechtrt.precision import Precision

SHERPA = "sherpa-onnx"
PEERS = (SHERPA,)
TRY_CHUNKS = 10


@dataclass(frozen=True, slots=True)
class PeerTexts:
    """Of so many recordings, how many the peer reads differently: both in FP32, and each as it is measured.

    `near_ties` are the recordings in which so little as the peer's features decides between two labels; those in FP32
    that are not should be equal, so `different_beyond_ties` should be 0.
    """

    chunk_milliseconds: int
    recordings: int
    different_fp32: int
    different_measured: int
    near_ties: int
    different_beyond_ties: int


@dataclass(frozen=True, slots=True)
class PeerLoad:
    """What a peer is, the settings it was measured with by chunk milliseconds, and everything that was tried."""

    name: str
    version: str
    settings: dict[int, SherpaSettings]
    tried: dict[int, tuple[Tried, ...]]
    texts: tuple[PeerTexts, ...]

    def doubts(self) -> list[str]:
        """Why it is not the same model that was measured: texts that differ where no hair decides."""
        return [
            f"{self.name}: {t.different_beyond_ties} of {t.recordings} texts of {t.chunk_milliseconds} ms in FP32 "
            "differ without a near tie"
            for t in self.texts
            if t.different_beyond_ties
        ]


@dataclass(frozen=True, slots=True)
class Peer:
    """A side of the benchmark that comes with recordings of its own: the texts are those that it reads alone."""

    side: Side
    recordings: Mapping[int, Sequence[Spoken]]
    load: PeerLoad


@dataclass(frozen=True, slots=True)
class _ReadAlone:
    """Every recording through one stream after the other, in a process of its own."""

    model: SherpaModel
    recordings: tuple[Samples, ...]

    def __call__(self, _workload: object) -> list[str]:
        return read_alone(self.model, self.recordings)


def sherpa_peer(
    checkpoint: str,
    folder: Path,
    measured: Mapping[int, Sequence[Spoken]],
    reference: Mapping[int, Sequence[Spoken]],
    slo_seconds: float,
    quick: bool,
    report: Callable[[str], None],
) -> Peer:
    """sherpa-onnx over the weights of `checkpoint`, at its best; `folder` keeps its files.

    `measured` and `reference` are the recordings by chunk milliseconds, with what the measured engines read in them and
    what those in FP32 do. Raises BenchmarkError, CheckpointError or ParityError.
    """
    # These need PyTorch and onnx, which reading a plan does not.
    from speechtrt.benchmarks.stream.near_ties import FindNearTies
    from speechtrt.benchmarks.stream.sherpa_files import WriteFiles

    expect_sherpa()
    with Child("export", _nothing) as child:
        models = child.call(WriteFiles(checkpoint, folder))
    settings, tried, texts, recordings = {}, {}, [], {}
    for chunk, spoken in measured.items():
        with Child("tuning", _nothing) as child:
            tried[chunk] = child.call(TryAll(models, chunk, _sound(spoken, chunk), QUICK_BATCHES if quick else BATCHES))
        settings[chunk] = best(tried[chunk], slo_seconds)
        report(f"{SHERPA}: {chunk} ms: best of {len(tried[chunk])} settings is {settings[chunk]}")
        samples = tuple(s.samples for s in spoken)
        with Child("reading", _nothing) as child:
            plain = child.call(_ReadAlone(models[chunk, Precision.FP32], samples))
            own = child.call(_ReadAlone(models[chunk, settings[chunk].precision], samples))
        with Child("ties", _nothing) as child:
            ties = child.call(FindNearTies(checkpoint, models[chunk, Precision.FP32].frames, samples))
        recordings[chunk] = tuple(Spoken(s.samples, text) for s, text in zip(spoken, own, strict=True))
        texts.append(_texts(chunk, _different(reference[chunk], plain), sum(_different(spoken, own)), ties))
    chosen = {chunk: models[chunk, settings[chunk].precision] for chunk in measured}
    load = PeerLoad(SHERPA, version(SHERPA), settings, tried, tuple(texts))
    return Peer(SherpaSide(chosen, settings), recordings, load)


def _nothing() -> None:
    """Children that only apply functions."""


def _different(spoken: Sequence[Spoken], texts: Sequence[str]) -> list[bool]:
    return [s.text != text for s, text in zip(spoken, texts, strict=True)]


def _texts(chunk: int, different: Sequence[bool], measured: int, ties: Sequence[bool]) -> PeerTexts:
    beyond = sum(other and not tie for other, tie in zip(different, ties, strict=True))
    return PeerTexts(chunk, len(ties), sum(different), measured, sum(ties), beyond)


def _sound(spoken: Sequence[Spoken], chunk: int) -> Samples:
    """Some chunks of speech."""
    whole: Samples = np.concatenate([s.samples for s in spoken])
    return whole[: TRY_CHUNKS * chunk * RATE // 1000]
