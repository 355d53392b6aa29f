"""From two finished runs to a voice folder, and from a voice folder to its figures."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import torch
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan

from speechtrt.models.data.manifest import read_manifest
from speechtrt.models.software import cpu_name
from speechtrt.models.training.state_file import read_state
from speechtrt.models.tts.acoustic import build_acoustic
from speechtrt.models.tts.card import VoiceFacts, voice_card
from speechtrt.models.tts.listening import load_listener
from speechtrt.models.tts.publish import TrainedVoice, publish_voice
from speechtrt.models.tts.recipe import VoiceRecipe
from speechtrt.models.tts.round_trip import RoundTrip, read_sentences, round_trip
from speechtrt.models.tts.running import STATE
from speechtrt.models.tts.sets import held_out_set, training_sets
from speechtrt.models.tts.speaking import load_voice
from speechtrt.models.vocoder.generator import build_vocoder
from speechtrt.models.vocoder.mel import MELS
from speechtrt.models.vocoder.recipe import VocoderRecipe

WORD = re.compile(r"[a-z']+")
EMBEDDING = "speecht5.encoder.prenet.embed_tokens.weight"


@dataclass(frozen=True, slots=True)
class FinishedRuns:
    """The folders of both trainings and of their data; `figures` of a round trip and a `note` go into the card."""

    data: Path
    voice: Path
    vocoder: Path
    hardware: str = ""
    figures: Mapping[str, float] | None = None
    note: str = ""


def publish_runs(runs: FinishedRuns, target: Path) -> None:
    """Write the last checkpoints of both runs as a voice folder. Raises CheckpointError or DataError."""
    voice, vocoder = read_state(runs.voice / STATE), read_state(runs.vocoder / STATE)
    acoustic, generator = _acoustic(voice["training"]), _generator(vocoder["training"])
    spoken = [item for folder in training_sets(runs.data) for item in read_manifest(folder)]
    facts = VoiceFacts(
        acoustic_parameters=sum(parameter.numel() for parameter in acoustic.parameters()),
        vocoder_parameters=sum(parameter.numel() for parameter in generator.parameters()),
        utterances=len(spoken),
        hours=sum(item.seconds for item in spoken) / 3600,
        words=len({word for item in spoken for word in WORD.findall(item.text)}),
        acoustic_updates=voice["training"]["updates"],
        acoustic_minutes=voice["seconds"] / 60,
        vocoder_updates=vocoder["training"]["updates"],
        vocoder_minutes=vocoder["seconds"] / 60,
        hardware=runs.hardware or f"one core of {cpu_name()}",
        figures=runs.figures or {},
        note=runs.note,
    )
    publish_voice(TrainedVoice(acoustic, generator, voice_card(facts)), target)


def judge_voice(model: Path, listener: Path, data: Path) -> RoundTrip:
    """The round trip of a voice folder over the held-out sentences. Raises CheckpointError or DataError."""
    folder = held_out_set(data)
    return round_trip(load_voice(model), load_listener(listener), read_sentences(folder), folder.name)


def _acoustic(state: Mapping[str, Any]) -> SpeechT5ForTextToSpeech:
    recipe = msgspec.convert(state["recipe"], VoiceRecipe)
    weights = state["model"]
    model = build_acoustic(recipe, len(weights[EMBEDDING]), torch.zeros(MELS), torch.ones(MELS))
    model.load_state_dict(weights)
    return model


def _generator(state: Mapping[str, Any]) -> SpeechT5HifiGan:
    recipe = msgspec.convert(state["recipe"], VocoderRecipe)
    model = build_vocoder(recipe, torch.zeros(MELS), torch.ones(MELS))
    model.load_state_dict(state["generator"])
    return model
