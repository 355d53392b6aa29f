"""The baseline: transformers' own `generate_speech`, PyTorch eager FP32, one request at a time."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from transformers import SpeechT5ForTextToSpeech, SpeechT5HifiGan, SpeechT5Tokenizer

from speechtrt.audio import Samples
from speechtrt.benchmarks.measure.clock import Stopwatch
from speechtrt.benchmarks.tts.arrival import Open
from speechtrt.benchmarks.tts.load import Utterance
from speechtrt.benchmarks.tts.stages import ModuleClock
from speechtrt.benchmarks.tts.trial import BASELINE, Round, Served, TtsTrial
from speechtrt.benchmarks.tts.uncached import forget_past
from speechtrt.bundle import TtsSpec
from speechtrt.errors import BenchmarkError
from speechtrt.export.checkpoint import open_checkpoint
from speechtrt.export.families.pretrained import load_pretrained

NEVER = 99.0  # a stop threshold that no sum of probabilities reaches

DECODER, HEAD = "speecht5.decoder", "speech_decoder_postnet"
MODULES = {
    "encoder": ("speecht5.encoder",),
    "decoder": (f"{DECODER}.prenet", f"{DECODER}.wrapped_decoder", f"{HEAD}.feat_out", f"{HEAD}.prob_out"),
}


@dataclass(frozen=True, slots=True)
class BaselineSide:
    """How to start the baseline. `rule`: the stop rule that the engines follow; `seed` of the prenet's dropout.

    Without `cache` every decoder step works on the whole past again.
    """

    checkpoint: str
    rule: TtsSpec
    threads: int
    seed: int
    name: str = BASELINE
    cache: bool = True

    def __call__(self) -> "PyTorchSpeaker":
        """Load the checkpoint. Raises CheckpointError or BenchmarkError."""
        torch.set_num_threads(self.threads)
        found = open_checkpoint(self.checkpoint)
        if found.vocoder is None or not found.voices:
            raise BenchmarkError(f"{self.checkpoint}: has no vocoder/ or no voices/*.npy; the baseline needs both")
        voice = np.load(next(iter(found.voices.values())), allow_pickle=False).astype(np.float32).reshape(1, -1)
        model = load_pretrained(SpeechT5ForTextToSpeech, found.folder)
        if not self.cache:
            forget_past(model)
        return PyTorchSpeaker(
            side=self,
            model=model,
            vocoder=load_pretrained(SpeechT5HifiGan, found.vocoder),
            tokenizer=SpeechT5Tokenizer.from_pretrained(found.folder),
            speaker=torch.from_numpy(voice),
        )


@dataclass(slots=True)
class PyTorchSpeaker:
    """A SpeechT5 model and its vocoder, as transformers runs them."""

    side: BaselineSide
    model: SpeechT5ForTextToSpeech
    vocoder: SpeechT5HifiGan
    tokenizer: SpeechT5Tokenizer
    speaker: torch.Tensor

    def warm_up(self, utterances: Sequence[Utterance]) -> None:
        """Speak a little, unmeasured."""
        for utterance in utterances:
            self._speak(utterance)

    def speak(self, work: Round) -> TtsTrial:
        """One trial: requests are served in the order in which they come, one at a time."""
        torch.manual_seed(self.side.seed)
        times = work.arrival.times if isinstance(work.arrival, Open) else None
        served: list[Served] = []
        with self._staged() as (stages, steps):
            watch = Stopwatch()
            for index, utterance in enumerate(work.utterances):
                arrived = watch.wall if times is None else times[index]
                time.sleep(max(0.0, arrived - watch.wall))
                seconds = len(self._speak(utterance)) / self.vocoder.config.sampling_rate
                latency = watch.wall - arrived
                served.append(Served(index, arrived, latency, seconds, latency))
            elapsed = watch.read()
        return TtsTrial(
            scenario=work.scenario,
            side=self.side.name,
            wall_seconds=elapsed.wall,
            cpu_seconds=elapsed.cpu,
            foreign_share=elapsed.foreign_share,
            stage_seconds={**stages, "other": max(0.0, elapsed.wall - sum(stages.values()))},
            batch_fill=1.0,
            decoder_steps=len(steps),
            requests=tuple(served),
        )

    def _speak(self, utterance: Utterance) -> Samples:
        """PCM float32 [samples]."""
        tokens = self.tokenizer(utterance.text, return_tensors="pt").input_ids
        bounds: dict[str, Any] = self._bounds(utterance, tokens.shape[1])
        speech = self.model.generate_speech(tokens, self.speaker, vocoder=self.vocoder, **bounds)
        assert isinstance(speech, torch.Tensor)
        samples: Samples = speech.numpy()
        return samples

    def _bounds(self, utterance: Utterance, tokens: int) -> dict[str, float]:
        """The stop rule in `generate_speech`'s words; it ends after int(tokens * maxlenratio / reduction) steps."""
        rule = self.side.rule
        if utterance.steps is None:
            return {"threshold": rule.stop_threshold, "minlenratio": rule.min_ratio, "maxlenratio": rule.max_ratio}
        return {"threshold": NEVER, "maxlenratio": (utterance.steps + 0.5) * rule.reduction / tokens}

    @contextmanager
    def _staged(self) -> Iterator[tuple[dict[str, float], list[int]]]:
        """Seconds per stage of what runs inside, and one entry per decoder step."""
        modules = {stage: tuple(map(self.model.get_submodule, names)) for stage, names in MODULES.items()}
        postnet = tuple(self.model.speech_decoder_postnet.layers)
        clock = ModuleClock({**modules, "postnet": postnet, "vocoder": (self.vocoder,)})
        steps: list[int] = []
        handle = modules["decoder"][-1].register_forward_hook(lambda *_: steps.append(1))
        try:
            with clock.running() as seconds:
                yield seconds, steps
        finally:
            handle.remove()
