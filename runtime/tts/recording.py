"""A speech to a file or to stdout, when it is finished or while it is made."""

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from speechtrt.artifact import write_bytes
from speechtrt.audio import AudioFormat, encode_audio
from speechtrt.errors import AudioError
from speechtrt.runtime.serving.sound.encoding import encode_pcm16, wav_header
from speechtrt.runtime.tts.speech import Speech
from speechtrt.runtime.tts.stream import SpeechStream

STDOUT = Path("-")
RAW = "raw"  # 16-bit little-endian samples at the model's rate


def save(stream: SpeechStream, output: Path, kind: str) -> Speech:
    """Write the finished speech in one step. Raises AudioError and what the stream raises, and then writes nothing."""
    speech = stream.result()
    data = encode_pcm16(speech.audio.samples) if kind == RAW else encode_audio(speech.audio, AudioFormat(kind))
    try:
        if output == STDOUT:
            sys.stdout.buffer.write(data)
        else:
            write_bytes(output, data)
    except OSError as error:
        raise _unwritable(output, error) from error
    return speech


def record(stream: SpeechStream, output: Path, kind: str) -> Speech:
    """Write each chunk as soon as it exists, WAV with an open length. Raises as `save` does, and removes the file."""
    try:
        with ExitStack() as files:
            file = sys.stdout.buffer if output == STDOUT else files.enter_context(output.open("wb"))
            _record(stream, file, kind)
        return stream.result()
    except OSError as error:
        raise _unwritable(output, error) from error
    finally:
        if not stream.complete and output != STDOUT:
            output.unlink(missing_ok=True)


def _record(stream: SpeechStream, file: BinaryIO, kind: str) -> None:
    first = next(stream)  # before a header of nothing is written
    file.write(b"" if kind == RAW else wav_header(stream.rate))
    file.write(encode_pcm16(first.samples))
    file.flush()
    for chunk in stream:
        file.write(encode_pcm16(chunk.samples))
        file.flush()


def _unwritable(output: Path, error: OSError) -> AudioError:
    return AudioError(f"{output}: cannot be written ({error.strerror}); choose another path")
