from pathlib import Path

import numpy as np
import pytest
import soundfile

from speechtrt.audio import Audio, read_audio, write_wav
from speechtrt.errors import AudioError


def tone(rate: int, seconds: float = 0.5) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    return (0.5 * np.sin(2 * np.pi * 440 * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg"])
@pytest.mark.parametrize("rate", [8000, 16000, 44100])
def test_reads_what_people_have(tmp_path: Path, suffix: str, rate: int) -> None:
    path = tmp_path / f"a.{suffix}"
    stereo = np.stack([tone(rate), tone(rate)], axis=1)
    soundfile.write(path, stereo, rate)
    audio = read_audio(path)
    assert (audio.rate, audio.samples.ndim) == (rate, 1)
    assert audio.seconds == pytest.approx(0.5, abs=0.01)


def test_resampling_keeps_pitch_and_length() -> None:
    audio = Audio(tone(44100), 44100).resampled(16000)
    spectrum = np.abs(np.fft.rfft(audio.samples))
    assert audio.rate == 16000
    assert np.argmax(spectrum) * 16000 / len(audio.samples) == pytest.approx(440, abs=2)


def test_wav_survives_the_disk(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", Audio(tone(16000), 16000))
    assert np.abs(read_audio(tmp_path / "a.wav").samples - tone(16000)).max() < 1e-4


def test_loud_samples_are_clipped_not_wrapped(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", Audio(np.array([2.0, -2.0], np.float32), 16000))
    assert read_audio(tmp_path / "a.wav").samples.tolist() == pytest.approx([1, -1], abs=1e-3)


def test_bad_files_are_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("hello")
    soundfile.write(tmp_path / "empty.wav", np.zeros(0, np.float32), 16000)
    soundfile.write(tmp_path / "nan.wav", np.array([np.nan], np.float32), 16000, subtype="FLOAT")
    soundfile.write(tmp_path / "slow.wav", np.zeros(9, np.float32), 100)
    expected = {
        "text": "not readable",
        "empty": "no samples",
        "nan": "NaN",
        "slow": "sample rate of 100",
        "absent": "no such file",
    }
    for name, message in expected.items():
        with pytest.raises(AudioError, match=message):
            read_audio(tmp_path / f"{name}.wav")
