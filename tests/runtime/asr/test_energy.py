"""A detector by loudness over silence and noise, and an expensive one that is asked only when it matters."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from speechtrt.audio import Samples, read_audio
from speechtrt.models.evaluation.utterances import evaluation_utterances
from speechtrt.runtime.asr.energy import PIECE, EnergyDetector, GatedDetector
from speechtrt.runtime.serving.realtime.config import ServerVad
from speechtrt.runtime.serving.realtime.turns import RATE, Edge, TurnDetector


def noise(level: float, seconds: float, seed: int = 0) -> Samples:
    """White noise of `level` dB."""
    return (np.random.default_rng(seed).normal(0, 10 ** (level / 20), int(seconds * RATE))).astype(np.float32)


def judged(detector: EnergyDetector | GatedDetector, samples: Samples) -> list[float]:
    pieces = [samples[i : i + PIECE] for i in range(0, len(samples) - PIECE + 1, PIECE)]
    return [detector.voice(piece) for piece in pieces]


@pytest.mark.parametrize("level", [-100, -60, -45, -35])
def test_steady_noise_is_no_speech_once_it_is_known(level: float) -> None:
    assert max(judged(EnergyDetector(), noise(level, 6))[70:]) < 0.3


@pytest.mark.parametrize("background", [-90, -60, -45])
def test_what_is_louder_is_speech_from_its_first_piece_to_its_last(background: float) -> None:
    sound = np.concatenate([noise(background, 3.2), noise(background + 25, 0.64, 1), noise(background, 1.6, 2)])
    found = np.array(judged(EnergyDetector(), sound)) > 0.5
    first, last = int(3.2 * RATE / PIECE), int(3.84 * RATE / PIECE)
    assert (
        found.tolist() == [first <= n < last for n in range(len(found))]
        if background > -90
        else not found[:first].any()
    )


@pytest.mark.parametrize("signal_to_noise", [None, 20, 10])
def test_recordings_are_turns(signal_to_noise: float | None) -> None:
    recordings = [read_audio(u.path).resampled(RATE).samples for u in evaluation_utterances(None)[:12]]
    gap = np.zeros(int(1.2 * RATE), np.float32)
    sound = np.concatenate([np.zeros(3 * RATE, np.float32), *(p for r in recordings for p in (r, gap))])
    if signal_to_noise is not None:
        power = np.mean(np.concatenate(recordings) ** 2)
        level = 10 * np.log10(power) - signal_to_noise
        sound = sound + noise(level, len(sound) / RATE + 1)[: len(sound)]
    turns = TurnDetector(ServerVad(), EnergyDetector())
    edges = [c.edge for start in range(0, len(sound), 1600) for c in turns.push(sound[start : start + 1600])]
    before = [] if signal_to_noise is None else edges[:2]  # noise that begins at once is a turn until it is known
    assert edges == [*before, *[Edge.STARTED, Edge.STOPPED] * len(recordings)]


@dataclass
class Expensive:
    heard: list[Samples] = field(default_factory=list)
    samples: int = PIECE

    def voice(self, piece: Samples) -> float:
        self.heard.append(piece)
        return 0.75


def test_an_expensive_detector_is_made_and_asked_only_for_what_is_loud() -> None:
    made: list[Expensive] = []

    def make() -> Expensive:
        made.append(Expensive())
        return made[-1]

    gated = GatedDetector(make)
    assert max(judged(gated, noise(-70, 1))) < 0.1
    assert not made
    assert judged(gated, noise(-20, 0.32)) == [0.75] * 10
    assert [len(m.heard) for m in made] == [10]


def test_an_edge_says_how_much_sound_came_after_it() -> None:
    turns = TurnDetector(ServerVad(silence_duration_ms=96), EnergyDetector())
    sound = np.concatenate([noise(-90, 0.32), noise(-20, 0.32), noise(-90, 0.32)])
    [started, stopped] = list(turns.push(sound))
    assert (started.edge, stopped.edge) == (Edge.STARTED, Edge.STOPPED)
    assert len(sound) - started.after == 10 * PIECE + 2 * PIECE
    assert len(sound) - stopped.after == 20 * PIECE + 3 * PIECE
