"""`transcribe`."""

from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.artifact import write_bytes
from speechtrt.console import emit_json, note, progress
from speechtrt.documents import SCHEMA, encode_document
from speechtrt.errors import AudioError
from speechtrt.runtime.asr.decoding.command_options import decoding_options
from speechtrt.runtime.asr.subtitles import srt, vtt
from speechtrt.runtime.reference import CTC, reference_engines

if TYPE_CHECKING:
    from speechtrt.audio import Audio
    from speechtrt.runtime.asr.decoding.options import DecodingOptions
    from speechtrt.runtime.asr.opening import RecordingTranscriber
    from speechtrt.runtime.asr.transcript import Transcript

ENGINES = click.Path(exists=True, file_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
SLOTS = 32


class Format(StrEnum):
    """What a transcript is written as."""

    TXT = "txt"
    JSON = "json"
    SRT = "srt"
    VTT = "vtt"


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--model", help=f"Reference model; {CTC} if not given.")
@click.option("--engines", type=ENGINES, help="Engine set of a CTC model, instead of a reference model.")
@click.option("--chunk", type=int, default=560, show_default=True, help="Milliseconds of audio per step, if streaming.")
@click.option(
    "--format",
    "form",
    type=click.Choice([form.value for form in Format]),
    default=Format.TXT.value,
    show_default=True,
    help="What is written.",
)
@click.option("--out", type=FOLDER, help="Write one file for each of FILES into this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document for all FILES.")
@click.option("--timestamps", is_flag=True, help="Text with a line per word: start, end, confidence, word.")
@decoding_options
@click.pass_context
def transcribe(
    context: click.Context,
    files: tuple[Path, ...],
    model: str | None,
    engines: Path | None,
    chunk: int,
    form: str,
    out: Path | None,
    as_json: bool,
    timestamps: bool,
    decoding: "DecodingOptions",
) -> None:
    """Write what is said in FILES (WAV, FLAC, Ogg or MP3 of any sample rate)."""
    if model and engines:
        raise click.UsageError("give either --model or --engines")
    paths = list(dict.fromkeys(files))
    style = Format.JSON if as_json else Format(form)
    _check_usage(paths, style, out)
    from speechtrt.runtime.asr.opening import open_transcriber

    folder = engines or reference_engines(model or CTC)
    with open_transcriber(folder, chunk, min(len(paths), SLOTS), decoding) as transcriber:
        transcripts = _transcribe(transcriber, paths)
    if out is not None:
        _write(out, transcripts, transcriber, style, timestamps)
    elif style is Format.JSON:
        emit_json(_document(transcripts, transcriber))
    else:
        for path, transcript in transcripts.items():
            name = f"{path}: " if len(paths) > 1 else ""
            click.echo(name + _rendered(transcript, style, timestamps), nl=False)
    if len(transcripts) < len(paths):
        context.exit(1)


def _check_usage(paths: list[Path], style: Format, out: Path | None) -> None:
    if style in (Format.SRT, Format.VTT) and out is None and len(paths) > 1:
        raise click.UsageError(f"--format {style} of several files needs --out")
    stems = [path.stem for path in paths]
    if out is not None and len(set(stems)) < len(stems):
        raise click.UsageError("several FILES have the same name; write them to different folders, one call each")


def _transcribe(transcriber: "RecordingTranscriber", paths: list[Path]) -> "dict[Path, Transcript]":
    """Transcripts of the readable files in their order; files are read while others are heard."""
    read: list[Path] = []

    def audios() -> "Iterator[Audio]":
        for path, audio in _readable(paths):
            read.append(path)
            yield audio

    done = progress("transcribing", transcriber.completions(audios()), len(paths))
    found = {t.index: t.transcript for t in done}
    return {path: found[index] for index, path in enumerate(read)}


def _readable(paths: list[Path]) -> "Iterator[tuple[Path, Audio]]":
    """Every readable file; a line on stderr for each of the others."""
    from speechtrt.audio import read_audio

    for path in paths:
        try:
            audio = read_audio(path)
        except AudioError as error:
            note(f"speechtrt: {error}")
            continue
        yield path, audio


def _document(transcripts: "dict[Path, Transcript]", transcriber: "RecordingTranscriber") -> dict[str, object]:
    results = [
        {
            "file": str(path),
            "text": transcript.text,
            "duration_seconds": transcript.duration_seconds,
            "words": transcript.words,
            **({"alternatives": transcript.alternatives} if transcript.alternatives else {}),
            "model": transcriber.model.name,
            "engine": transcriber.engine,
        }
        for path, transcript in transcripts.items()
    ]
    return {"schema": SCHEMA, "results": results}


def _write(
    out: Path,
    transcripts: "dict[Path, Transcript]",
    transcriber: "RecordingTranscriber",
    style: Format,
    timestamps: bool,
) -> None:
    for path, transcript in transcripts.items():
        target = out / f"{path.stem}.{style}"
        if style is Format.JSON:
            content = encode_document(_document({path: transcript}, transcriber))
        else:
            content = _rendered(transcript, style, timestamps).encode()
        try:
            write_bytes(target, content)
        except OSError as error:
            raise AudioError(f"{target}: cannot be written ({error.strerror}); choose another --out") from error
        note(f"wrote {target}")


def _rendered(transcript: "Transcript", style: Format, timestamps: bool) -> str:
    match style:
        case Format.SRT:
            return srt(transcript.words)
        case Format.VTT:
            return vtt(transcript.words)
        case _:
            words = transcript.words if timestamps else ()
            lines = [f"{w.start:8.2f} {w.end:8.2f} {w.confidence:5.2f}  {w.word}" for w in words]
            return "\n".join([transcript.text, *lines]) + "\n"
