"""`synth` and `transcribe`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.console import emit_json, note
from speechtrt.errors import AudioError, TextError

if TYPE_CHECKING:
    from speechtrt.audio import Audio
    from speechtrt.runtime.asr.transcript import Transcript

ENGINES = click.Path(exists=True, file_okay=False, path_type=Path)
TEXT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("text", required=False)
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The WAV to write."
)
@click.option("--file", "source", type=TEXT_FILE, help="Speak the whole text of this file instead of TEXT.")
@click.option("--engines", type=ENGINES, help="Engine set of a TTS model; the reference voice if not given.")
@click.option("--voice", help="Name of a voice of the model; its first if not given.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same sound.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def synth(
    text: str | None,
    output: Path,
    source: Path | None,
    engines: Path | None,
    voice: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Speak TEXT into a WAV file."""
    if (text is None) == (source is None):
        raise click.UsageError("give either TEXT or --file")
    words = text if source is None else _read_text(source)
    _check_output(output)
    from speechtrt.audio import write_wav
    from speechtrt.runtime.reference import VOICE, reference_engines
    from speechtrt.runtime.tts.synthesizer import Synthesizer

    with Synthesizer.open(engines or reference_engines(VOICE)) as synthesizer:
        speech = synthesizer.synthesize(words or "", voice, seed)
        engine = synthesizer.engine
    write_wav(output, speech.audio)
    for warning in speech.warnings:
        note(f"warning: {warning}")
    seconds = round(speech.audio.seconds, 3)
    if not as_json:
        note(f"{output}: {seconds:.2f} s of speech in {speech.total_seconds:.2f} s ({engine})")
        return
    emit_json(
        {
            "schema": 1,
            "file": str(output),
            "sample_rate": speech.audio.rate,
            "duration_seconds": seconds,
            "engine": engine,
            "first_audio_seconds": round(speech.first_audio_seconds, 4),
            "warnings": speech.warnings,
        }
    )


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--engines", type=ENGINES, help="Engine set of a CTC model; the reference model if not given.")
@click.option("--chunk", type=int, default=560, show_default=True, help="Milliseconds of audio per step.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.option("--timestamps", is_flag=True, help="One line per word: start, end, confidence, word.")
@click.pass_context
def transcribe(
    context: click.Context, files: tuple[Path, ...], engines: Path | None, chunk: int, as_json: bool, timestamps: bool
) -> None:
    """Write what is said in FILES (WAV, FLAC, Ogg or MP3 of any sample rate)."""
    from speechtrt.runtime.asr.transcriber import Transcriber
    from speechtrt.runtime.reference import CTC, reference_engines

    folder = engines or reference_engines(CTC)
    audios = _read_audios(files)
    if audios:
        with Transcriber.open(folder, (chunk,), slots=min(len(audios), 16)) as transcriber:
            transcripts = dict(zip(audios, transcriber.transcribe_many(list(audios.values())), strict=True))
            model, engine = transcriber.model.name, transcriber.engine
        if as_json:
            emit_json(_document(transcripts, model, engine))
        else:
            _print(transcripts, timestamps)
    if len(audios) < len(set(files)):
        context.exit(1)


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TextError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start}); convert it") from error


def _check_output(path: Path) -> None:
    """Find out before the work that its result could not be kept."""
    if path.suffix.lower() != ".wav":
        raise click.BadParameter(f"{path} does not end in .wav, and WAV is what will be written", param_hint="--output")
    if not path.parent.is_dir():
        raise AudioError(f"{path.parent}: no such folder; make it, or choose another path for the speech")


def _read_audios(files: tuple[Path, ...]) -> "dict[Path, Audio]":
    """Every readable file; a line on stderr for each of the others."""
    from speechtrt.audio import read_audio

    audios = {}
    for path in files:
        try:
            audios[path] = read_audio(path)
        except AudioError as error:
            note(f"speechtrt: {error}")
    return audios


def _document(transcripts: "dict[Path, Transcript]", model: str, engine: str) -> dict[str, object]:
    results = [
        {"file": str(path), "text": t.text, "duration_seconds": t.duration_seconds, "words": t.words}
        for path, t in transcripts.items()
    ]
    return {"schema": 1, "results": results, "model": model, "engine": engine}


def _print(transcripts: "dict[Path, Transcript]", timestamps: bool) -> None:
    for path, transcript in transcripts.items():
        click.echo(transcript.text if len(transcripts) == 1 else f"{path}: {transcript.text}")
        for word in transcript.words if timestamps else ():
            click.echo(f"{word.start:8.2f} {word.end:8.2f} {word.confidence:5.2f}  {word.word}")
