"""Train the reference voice's two networks in folders that a later run can resume."""

from dataclasses import dataclass
from pathlib import Path

from speechtrt.models.data.manifest import read_manifest
from speechtrt.models.training.machine import CPU, Machine
from speechtrt.models.tts.corpus import read_corpus
from speechtrt.models.tts.lexicon import read_lexicon
from speechtrt.models.tts.pieces import Pieces, write_pieces
from speechtrt.models.tts.recipe import read_voice_recipe
from speechtrt.models.tts.running import Pace, Progress, run_training
from speechtrt.models.tts.sets import GRAMMAR_SET, lexicon_file, training_sets
from speechtrt.models.tts.training import VoiceTraining
from speechtrt.models.vocoder.crops import Recordings
from speechtrt.models.vocoder.recipe import read_vocoder_recipe
from speechtrt.models.vocoder.training import VocoderTraining

PIECES = "spm_char.model"


@dataclass(frozen=True, slots=True)
class VoicePlan:
    """Where the data is and the run goes, by which recipe (the shipped one when None), on which machine."""

    data: Path
    out: Path
    recipe: Path | None = None
    machine: Machine = CPU


def train_voice(plan: VoicePlan, pace: Pace, resume: bool) -> Progress:
    """Train the acoustic model. Raises DataError or CheckpointError."""
    recipe = read_voice_recipe(plan.recipe)
    write_pieces(plan.out / PIECES)
    pieces = Pieces(plan.out / PIECES)
    corpus = read_corpus(training_sets(plan.data), read_lexicon(lexicon_file(plan.data)), pieces)
    training = VoiceTraining(recipe, corpus, len(pieces), plan.machine)
    return run_training(training, plan.out, pace, resume)


def train_vocoder(plan: VoicePlan, pace: Pace, resume: bool) -> Progress:
    """Train the vocoder on the grammar's sentences. Raises DataError or CheckpointError."""
    recipe = read_vocoder_recipe(plan.recipe)
    folder = next(path for path in training_sets(plan.data) if path.name == GRAMMAR_SET)
    recordings = Recordings([folder / utterance.audio for utterance in read_manifest(folder)])
    return run_training(VocoderTraining(recipe, recordings, plan.machine), plan.out, pace, resume)
