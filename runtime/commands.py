"""`synth`."""

from pathlib import Path

import click

from speechtrt.console import emit_json, note
from speechtrt.errors import AudioError, TextError

ENGINES = click.Path(exists=True, file_okay=False, path_type=Path)
FORMATS = ("wav", "flac", "mp3", "opus", "raw")
STREAMED = ("wav", "raw")
STDOUT = Path("-")
TEXT_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("text", required=False)
@click.option("-o", "--output", type=click.Path(dir_okay=False, path_type=Path), required=True, help="The file, or -.")
@click.option("--file", "source", type=TEXT_FILE, help="Speak the whole text of this file instead of TEXT.")
@click.option("--format", "kind", type=click.Choice(FORMATS), help="By the output's name if not given; WAV to stdout.")
@click.option("--stream", "as_made", is_flag=True, help="Write each chunk as soon as it exists (wav and raw).")
@click.option("--engines", type=ENGINES, help="Engine set of a TTS model; the reference voice if not given.")
@click.option("--voice", help="Name of a voice of the model; its first if not given.")
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Same seed, same sound.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def synth(
    text: str | None,
    output: Path,
    source: Path | None,
    kind: str | None,
    as_made: bool,
    engines: Path | None,
    voice: str | None,
    seed: int,
    as_json: bool,
) -> None:
    """Speak TEXT into a file of WAV, FLAC, MP3, Opus or raw 16-bit samples, or to stdout with `-o -`."""
    if (text is None) == (source is None):
        raise click.UsageError("give either TEXT or --file")
    if as_json and output == STDOUT:
        raise click.UsageError("--json and the sound cannot both go to stdout; name a file with -o")
    kind = _format(output, kind, as_made)
    words = text if source is None else _read_text(source)
    _check_folder(output)
    from speechtrt.runtime.reference import VOICE, reference_engines
    from speechtrt.runtime.tts.recording import record, save
    from speechtrt.runtime.tts.speech import BULK, INTERACTIVE, SpeechRequest
    from speechtrt.runtime.tts.synthesizer import Synthesizer

    request = SpeechRequest(words or "", voice, seed, plan=INTERACTIVE if as_made else BULK)
    with Synthesizer.open(engines or reference_engines(VOICE)) as synthesizer, synthesizer.start(request) as stream:
        speech = record(stream, output, kind) if as_made else save(stream, output, kind)
        engine = synthesizer.engine
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


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TextError(f"{path}: is not UTF-8 text ({error.reason} at byte {error.start}); convert it") from error


def _format(output: Path, kind: str | None, as_made: bool) -> str:
    """The format that was asked for, or that the output's name tells."""
    if kind is None:
        kind = "wav" if output == STDOUT else output.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        raise click.BadParameter(
            f"{output} does not end in .{', .'.join(FORMATS)}; name it so, or give --format", param_hint="--output"
        )
    if as_made and kind not in STREAMED:
        raise click.BadParameter(
            f"{kind} cannot be written while it is made; use {' or '.join(STREAMED)}", param_hint="--stream"
        )
    return kind


def _check_folder(path: Path) -> None:
    """Find out before the work that its result could not be kept."""
    if not path.parent.is_dir():
        raise AudioError(f"{path.parent}: no such folder; make it, or choose another path for the speech")
