"""`synth`."""

from pathlib import Path

import click

from speechtrt.console import emit_json, note
from speechtrt.errors import AudioError, TextError

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
