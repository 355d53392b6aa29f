"""The model card of a trained voice: data, recipe, cost, figures, and what it is not for."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files

from speechtrt.models.tts.publish import LONGEST_TEXT


@dataclass(frozen=True, slots=True)
class VoiceFacts:
    """What the card says of a run; `figures`: a round trip's summary, empty when none was made; `note` is free."""

    acoustic_parameters: int
    vocoder_parameters: int
    utterances: int
    hours: float
    words: int
    acoustic_updates: int
    acoustic_minutes: float
    vocoder_updates: int
    vocoder_minutes: float
    hardware: str
    figures: Mapping[str, float]
    note: str = ""


def voice_card(facts: VoiceFacts) -> str:
    """The card as Markdown."""
    text = files("speechtrt.models.tts").joinpath("card.md").read_text(encoding="utf-8")
    values = {name: getattr(facts, name) for name in VoiceFacts.__slots__ if name != "figures"}
    return text.format(**values, table=_table(facts.figures), longest=LONGEST_TEXT)


def _table(figures: Mapping[str, float]) -> str:
    if not figures:
        return "Not measured."
    rows = [
        ("this voice, speaking freely", figures["cer"], figures["wer"]),
        ("its vocoder on the original's mels", figures["copy_cer"], figures["copy_wer"]),
        ("flite's own recording", figures["original_cer"], figures["original_wer"]),
    ]
    lines = ["| heard | CER | WER |", "|---|---|---|"]
    lines += [f"| {name} | {100 * cer:.1f} % | {100 * wer:.1f} % |" for name, cer, wer in rows]
    stopped, ratio = 100 * figures["stopped_share"], figures["duration_ratio"]
    lines.append("")
    lines.append(f"{stopped:.0f} % of the sentences stopped by themselves; durations are {ratio:.2f} times flite's.")
    return "\n".join(lines)
