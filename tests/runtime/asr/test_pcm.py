"""Bytes to samples, whatever the encoding and wherever they are cut."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from speechtrt.errors import AudioError
from speechtrt.runtime.asr.pcm import WIDTHS, Encoding, PcmReader, as_samples

# Samples of ITU-T G.711's tables: every segment's first code, both signs.
MULAW = {0x80: 32124, 0x90: 15996, 0xA0: 7932, 0xB0: 3900, 0xC0: 1884, 0xF0: 120, 0xFF: 0, 0x00: -32124, 0x7F: 0}
ALAW = {0xD5: 8, 0x55: -8, 0xAA: 32256, 0x2A: -32256, 0x80: 5504, 0xC5: 264, 0xF5: 528, 0xE5: 1056}


@pytest.mark.parametrize(("encoding", "table"), [(Encoding.MULAW, MULAW), (Encoding.ALAW, ALAW)])
def test_companded_codes_are_those_of_the_standard(encoding: Encoding, table: dict[int, int]) -> None:
    found = PcmReader(encoding).read(bytes(table))
    assert (found * 32768).tolist() == list(table.values())


@pytest.mark.parametrize("encoding", [Encoding.MULAW, Encoding.ALAW])
def test_companding_covers_the_range_symmetrically(encoding: Encoding) -> None:
    found = PcmReader(encoding).read(bytes(range(256)))
    assert found.dtype == np.float32
    assert np.abs(found).max() < 1 and np.array_equal(np.sort(found), np.sort(-found))


def test_linear_samples_are_little_endian() -> None:
    assert PcmReader(Encoding.PCM16).read(b"\x00\x80\xff\x7f").tolist() == [-1.0, 32767 / 32768]
    assert PcmReader(Encoding.FLOAT32).read(np.array([0.25, -1], "<f4").tobytes()).tolist() == [0.25, -1.0]


@given(st.sampled_from(Encoding), st.binary(max_size=60), st.lists(st.integers(0, 60), max_size=6))
def test_a_cut_anywhere_changes_nothing(encoding: Encoding, data: bytes, cuts: list[int]) -> None:
    if encoding is Encoding.FLOAT32:
        values = np.frombuffer(data[: len(data) // 4 * 4], np.int32) / 2**31
        data = values.astype("<f4").tobytes() + data[len(data) // 4 * 4 :]
    reader, edges = PcmReader(encoding), [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    pieces = [reader.read(data[a:b]) for a, b in pairwise(edges)]
    whole = PcmReader(encoding).read(data)
    assert np.array_equal(np.concatenate(pieces), whole)
    assert len(whole) == len(data) // WIDTHS[encoding]
    if len(data) % WIDTHS[encoding]:
        with pytest.raises(AudioError, match="bytes into a sample; expected whole"):
            reader.end()
    else:
        reader.end()


def test_samples_that_are_no_sound_are_refused() -> None:
    for bad in (np.array([np.nan]), np.array([np.inf], np.float32), np.array([1e9])):
        with pytest.raises(AudioError, match="NaN"):
            as_samples(bad)
    for wrong in (np.zeros((2, 2)), np.zeros(2, np.int32), np.array(0.5)):
        with pytest.raises(AudioError, match="mono"):
            as_samples(wrong)
    with pytest.raises(AudioError, match="NaN"):
        PcmReader(Encoding.FLOAT32).read(b"\xff" * 8)
