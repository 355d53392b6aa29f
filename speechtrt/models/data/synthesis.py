"""Run flite or espeak-ng on one sentence: 16 kHz samples, and flite's phones with the times at which they end."""

import io
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechtrt.audio import Audio
from speechtrt.errors import DataError
from speechtrt.models.data.accents import SEPARATOR, load_accents
from speechtrt.models.data.dialects import Dialect
from speechtrt.models.data.voices import Delivery, Synthesizer, Voice

RATE = 16_000
WAV_HEADER_BYTES = 44
ESPEAK_RATE = 22_050
ESPEAK_WORDS_PER_MINUTE = 165
FLITE_USUAL_PITCH = {"slt": 168.0, "rms": 98.0, "awb": 133.0, "kal16": 105.0}
SECONDS_ALLOWED = 60

Phones = tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Speech:
    """Spoken audio at 16 kHz, and (phone, end in seconds) in order where the synthesiser tells them."""

    audio: Audio
    phones: Phones | None


def require(synthesizer: Synthesizer) -> None:
    """Raise DataError when the program is not installed."""
    if shutil.which(synthesizer.value) is None:
        raise DataError(
            f"{synthesizer.value} was not found on PATH; it makes the training speech: install the Debian package "
            f"{synthesizer.value} (apt-get install {synthesizer.value})"
        )


def speak(text: str, voice: Voice, delivery: Delivery) -> Speech:
    """`text` said by `voice`. Raises DataError when the program is missing, fails or says nothing."""
    require(voice.synthesizer)
    maker = _flite if voice.synthesizer is Synthesizer.FLITE else _espeak
    speech = maker(_accented(text, voice.dialect), voice.name, delivery)
    if not len(speech.audio.samples):
        raise DataError(f"{voice.synthesizer.value} said nothing for {text!r} with voice {voice.name}; check the voice")
    return speech


def _run(command: list[str]) -> bytes:
    result = subprocess.run(command, capture_output=True, check=False, timeout=SECONDS_ALLOWED)
    if result.returncode:
        complaint = result.stderr.decode(errors="replace").strip().replace("\n", " ")
        raise DataError(f"{command[0]} exited with {result.returncode} ({complaint}); expected speech; try it by hand")
    return result.stdout


def _accented(text: str, dialect: Dialect | None) -> str:
    """`text`, or its phonemes in brackets if the dialect is one that is spoken by rule."""
    accent = load_accents().get(dialect.value) if dialect else None
    if accent is None:
        return text
    return accent.apply(_run(["espeak-ng", "-v", accent.source, "-q", "-x", f"--sep={SEPARATOR}", text]).decode())


def _flite(text: str, voice: str, delivery: Delivery) -> Speech:
    import soundfile

    options = ["-voice", voice, "-psdur"]
    if delivery.stretch != 1.0:
        options += ["--setf", f"duration_stretch={delivery.stretch}"]
    if delivery.pitch != 1.0:
        options += ["--setf", f"int_f0_target_mean={FLITE_USUAL_PITCH.get(voice, 120.0) * delivery.pitch:.1f}"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "speech.wav"
        printed = _run(["flite", *options, "-t", text, "-o", str(path)])
        samples, rate = soundfile.read(io.BytesIO(path.read_bytes()), dtype="float32")
    return Speech(Audio(samples, rate).resampled(RATE), _phones(printed.decode()))


def _phones(printed: str) -> Phones:
    pairs = (token.rpartition(":") for token in printed.split())
    return tuple((name, float(end)) for name, _, end in pairs)


def _espeak(text: str, voice: str, delivery: Delivery) -> Speech:
    """The lengths in the WAV header that espeak-ng writes to a pipe are wrong, so the header is left aside."""
    speed = round(ESPEAK_WORDS_PER_MINUTE / delivery.stretch)
    pitch = round(50 * delivery.pitch)
    data = _run(["espeak-ng", "-v", voice, "-s", str(speed), "-p", str(pitch), "--stdout", text])
    samples = (np.frombuffer(data[WAV_HEADER_BYTES:], dtype="<i2") / 32768).astype(np.float32)
    return Speech(Audio(samples, ESPEAK_RATE).resampled(RATE), None)
