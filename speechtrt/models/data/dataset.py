"""Make a set of utterances on disk: every sentence spoken by one voice of a list, in parallel."""

import os
import random
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from speechtrt.audio import write_wav
from speechtrt.models.data.conditions import CLEAN, Condition, random_condition
from speechtrt.models.data.manifest import Utterance, write_manifest
from speechtrt.models.data.synthesis import require, speak
from speechtrt.models.data.voices import Delivery, Voice, random_delivery


@dataclass(frozen=True, slots=True)
class Casting:
    """Who speaks and how it is heard.

    Each utterance draws a voice from `voices`, or takes the next one (`in_turn`). `natural` varies speed and pitch,
    `conditions` adds noise, rooms and narrow bands, all at random.
    """

    voices: tuple[Voice, ...]
    natural: bool = True
    conditions: bool = False
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class _Order:
    folder: Path
    id: str
    text: str
    voice: Voice
    delivery: Delivery
    condition: Condition


def make_set(
    folder: Path, sentences: Sequence[str], voices: Casting | Sequence[Voice], seed: int, workers: int | None = None
) -> list[Utterance]:
    """Speak `sentences` into `folder` (16 kHz mono 16-bit WAV and a manifest); the same set for the same arguments.

    The manifest is written last, so a folder with a manifest is whole. Raises DataError when a program is missing.
    """
    casting = voices if isinstance(voices, Casting) else Casting(tuple(voices))
    for synthesizer in {voice.synthesizer for voice in casting.voices}:
        require(synthesizer)
    orders = _orders(folder, sentences, casting, seed)
    with ProcessPoolExecutor(workers or os.cpu_count()) as pool:
        utterances = list(pool.map(_fulfil, orders, chunksize=16))
    write_manifest(folder, utterances)
    return utterances


def _orders(folder: Path, sentences: Sequence[str], casting: Casting, seed: int) -> list[_Order]:
    rng = random.Random(seed)
    orders = []
    for number, text in enumerate(sentences):
        voice = casting.voices[number % len(casting.voices)] if casting.in_turn else rng.choice(casting.voices)
        delivery = random_delivery(rng) if casting.natural else Delivery()
        condition = random_condition(rng) if casting.conditions else CLEAN
        orders.append(_Order(folder, f"{number:06d}", text, voice, delivery, condition))
    return orders


def _fulfil(order: _Order) -> Utterance:
    speech = speak(order.text, order.voice, order.delivery)
    audio = f"wav/{order.id}.wav"
    write_wav(order.folder / audio, order.condition.apply(speech.audio))
    return Utterance(
        id=order.id,
        text=order.text,
        synthesizer=order.voice.synthesizer.label,
        voice=order.voice.name,
        audio=audio,
        seconds=round(speech.audio.seconds, 4),
        phones=speech.phones,
        dialect=order.voice.dialect.value if order.voice.dialect else None,
        condition=order.condition.label,
    )
