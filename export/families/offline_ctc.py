"""A loaded offline recogniser of any family: its stage, how it is proven, and what a runtime must know."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.bundle import AudioSpec, CtcSpec, Limits, ParityRow, TextSpec
from speechtrt.documents import write_document
from speechtrt.export.families.base import Arrays, Description, Recordings, Runners, StageGraph
from speechtrt.export.families.fastconformer_sounds import recordings
from speechtrt.export.families.offline_parity import Reference, offline_parity, pad
from speechtrt.export.families.recording_stage import recording_spec
from speechtrt.pieces import PIECES_FILE, PieceList

_SAMPLES = 8
_SECONDS = (4.0, 1.7, 3.0, 2.2)  # of the rows of a sample; the first grows from sample to sample


@dataclass(frozen=True, slots=True)
class OfflineModel:
    """`reference` is the library's own answer to one recording; the stage must give the same in any batch."""

    stage: StageGraph
    reference: Reference
    audio: AudioSpec
    pieces: PieceList
    blank: int

    def describe(self) -> Description:
        """Constants of decoding."""
        lower = not any(piece.isupper() for piece in self.pieces.pieces)
        rate = self.audio.sample_rate
        return Description(
            audio=self.audio,
            text=TextSpec(PIECES_FILE, ("en",), lower),
            limits=Limits(0, 0),
            ctc=CtcSpec(self.blank, self.audio.hop / rate, (), recording_spec(rate)),
        )

    def stages(self) -> tuple[StageGraph, ...]:
        """One: whole recordings to log-probabilities."""
        return (self.stage,)

    def parity(self, runners: Runners) -> tuple[ParityRow, ...]:
        """Batches of recordings against each alone."""
        spec = self.stage.spec
        return offline_parity(self.reference, runners[spec.name], spec, self.audio.sample_rate)

    def calibration(self, runners: Runners) -> Recordings:
        """Batches of speech of mixed lengths."""
        return {self.stage.spec.name: [self._batch(index) for index in range(_SAMPLES)]}

    def write_assets(self, folder: Path) -> None:
        """The texts of the labels."""
        write_document(folder / PIECES_FILE, self.pieces)

    def _batch(self, index: int) -> Arrays:
        rate = self.audio.sample_rate
        longest = _SECONDS[0] + index / _SAMPLES
        sounds = recordings(rate, longest)
        first = index * len(_SECONDS)
        rows = [sounds[(first + row) % len(sounds)] for row in range(len(_SECONDS))]
        seconds = (longest, *_SECONDS[1:])
        return pad([sound[: round(s * rate)] for sound, s in zip(rows, seconds, strict=True)], 0)
