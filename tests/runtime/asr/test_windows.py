"""Windows over a stream that is cut anywhere, and that may lose its oldest audio."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from speechtrt.audio import Samples
from speechtrt.bundle import ChunkSpec
from speechtrt.runtime.asr.windows import WindowCutter
from tests.runtime.asr.streams import noise
from tests.runtime.fakes import FEATURE_HOP, FRAME, FRAMES, LEAD, WINDOW

CHUNK = ChunkSpec("step_160", 160, FRAMES, WINDOW, FRAMES * FRAME, LEAD)


def cutter() -> WindowCutter:
    return WindowCutter(CHUNK, FEATURE_HOP, 16_000)


def taken(cut: WindowCutter) -> list[Samples]:
    windows = []
    while cut.ready:
        row = np.full(WINDOW, 9.0, np.float32)
        count = cut.take(row)
        assert not row[count:].any()
        windows.append(row)
    return windows


@settings(max_examples=60)
@given(st.integers(0, 40_000), st.lists(st.integers(0, 40_000), max_size=8), st.booleans())
def test_windows_do_not_depend_on_the_pieces(length: int, cuts: list[int], eager: bool) -> None:
    pcm, whole, pieces, found = noise(length), cutter(), cutter(), []
    for piece in np.split(pcm, sorted(min(c, length) for c in cuts)):
        pieces.push(piece)
        found += taken(pieces) if eager else []
    pieces.end()
    found += taken(pieces)
    whole.push(pcm)
    whole.end()
    expected = taken(whole)
    assert len(found) == len(expected) == -(-whole.frames // FRAMES)
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))


def test_a_stream_has_as_many_frames_as_its_samples_ask_for() -> None:
    for samples in (0, 1, 319, 320, FRAME, 2 * FRAME + 20, 2 * FRAME + 40, 5 * FRAME, 5 * FRAME + 1):
        cut = cutter()
        cut.push(noise(samples))
        assert cut.frames == (samples // 160 + 14) // 8


def test_the_buffer_of_a_stream_that_keeps_up_never_grows() -> None:
    cut = cutter()
    size = len(cut._buffer)
    for _ in range(3000):
        cut.push(noise(801))
        taken(cut)
    assert len(cut._buffer) == size


def test_the_newest_audio_survives_a_drop() -> None:
    cut, pcm = cutter(), noise(100_000)
    cut.push(pcm)
    before = cut.seconds
    dropped = cut.drop(1000)
    assert dropped > 0 and abs(before - cut.seconds - dropped * 0.08) < 1e-9
    assert cut.pending >= WINDOW and cut.ready
    row = np.zeros(WINDOW, np.float32)
    cut.take(row)
    assert np.array_equal(row, pcm[len(pcm) - cut.pending - CHUNK.shift :][:WINDOW])
    assert cut.drop(1000) == 0


def test_a_drop_shortens_the_stream_by_whole_frames() -> None:
    cut = cutter()
    cut.push(noise(50_000))
    frames = cut.frames
    dropped = cut.drop(5)
    assert dropped == 5 and cut.frames == frames - 5
    cut.end()
    assert len(taken(cut)) == -(-(frames - 5) // FRAMES)
