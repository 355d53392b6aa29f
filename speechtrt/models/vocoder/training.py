"""One vocoder training: generator, discriminator, their optimisers, and a state that resumes exactly."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from speechtrt.models.training.machine import CPU, Machine
from speechtrt.models.vocoder.crops import Recordings, Segments
from speechtrt.models.vocoder.discriminator import Discriminator
from speechtrt.models.vocoder.generator import build_vocoder
from speechtrt.models.vocoder.losses import (
    MelLoss,
    SpectralLoss,
    adversarial_loss,
    discriminator_loss,
    matching_loss,
)
from speechtrt.models.vocoder.recipe import VocoderRecipe


@dataclass(frozen=True, slots=True)
class VocoderLosses:
    """Losses of one update, as numbers."""

    mel: float
    spectral: float
    adversarial: float
    discriminator: float


class VocoderTraining:
    """Owns everything that changes during training; `step` makes one update."""

    def __init__(self, recipe: VocoderRecipe, recordings: Recordings, machine: Machine = CPU) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.recordings, self.machine = recipe, recordings, machine
        self.device = torch.device(machine.device)
        generator: nn.Module = build_vocoder(recipe, *recordings.statistics())
        self.generator = nn.Module.to(generator, self.device)
        self.discriminator = Discriminator(recipe.discriminator_channels).to(self.device)
        self.spectral = SpectralLoss().to(self.device)
        self.mel = MelLoss().to(self.device)
        betas = (0.8, 0.99)
        self.optimiser = torch.optim.AdamW(self.generator.parameters(), recipe.learning_rate, betas=betas)
        self.judge_optimiser = torch.optim.AdamW(
            self.discriminator.parameters(), recipe.discriminator_learning_rate, betas=betas
        )
        self.updates = 0

    @property
    def total(self) -> int:
        """Updates of a whole training."""
        return self.recipe.steps

    def step(self) -> VocoderLosses:
        """One update of the generator and, late in training, of the discriminator."""
        recipe = self.recipe
        # Data depend on the update's number alone, so that a resumed run sees what the whole one would have seen.
        random = np.random.default_rng((recipe.seed, self.updates))
        batch = self.recordings.segments(recipe.batch, recipe.segment_frames, random)
        batch = Segments(batch.mel.to(self.device), batch.samples.to(self.device))
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(recipe, self.updates)
        with self.machine.autocast():
            made: Tensor = self.generator(batch.mel)
        made = made.float()  # spectra need the precision
        judging = self.updates >= recipe.adversarial_from
        judged = self._judge(made.detach(), batch.samples) if judging else 0.0
        losses = self._generate(made, batch.samples, judging, judged)
        self.updates += 1
        return losses

    def _judge(self, made: Tensor, real: Tensor) -> float:
        loss = discriminator_loss(self._features(real), self._features(made))
        self.judge_optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        self.judge_optimiser.step()
        return loss.item()

    def _features(self, samples: Tensor) -> list[list[Tensor]]:
        """What the judges see, float32."""
        with self.machine.autocast():
            judged: list[list[Tensor]] = self.discriminator(samples)
        return [[feature.float() for feature in features] for features in judged]

    def _generate(self, made: Tensor, real: Tensor, judging: bool, judged: float) -> VocoderLosses:
        recipe = self.recipe
        mel, spectral = self.mel(made, real), self.spectral(made, real)
        loss = recipe.mel_weight * mel + recipe.spectral_weight * spectral
        adversarial = torch.zeros(())
        if judging:
            with torch.no_grad():
                real_features = self._features(real)
            made_features = self._features(made)
            adversarial = adversarial_loss(made_features)
            matching = matching_loss(real_features, made_features)
            loss = loss + recipe.adversarial_weight * adversarial + recipe.matching_weight * matching
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.generator.parameters(), 10.0)
        self.optimiser.step()
        return VocoderLosses(mel.item(), spectral.item(), adversarial.item(), judged)

    @torch.no_grad()
    def probe(self) -> dict[str, float]:
        """Mel distance over whole utterances that are drawn the same way every time."""
        random = np.random.default_rng(0)
        batch = self.recordings.segments(8, 4 * self.recipe.segment_frames, random)
        made = self.generator(batch.mel.to(self.device))
        return {"probe_mel": self.mel(made, batch.samples.to(self.device)).item()}

    def state(self) -> dict[str, Any]:
        """Everything that a resumed training needs."""
        return {
            "recipe": asdict(self.recipe),
            "updates": self.updates,
            "generator": self.generator.state_dict(),
            "discriminator": self.discriminator.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "judge_optimiser": self.judge_optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self.updates = state["updates"]
        self.generator.load_state_dict(state["generator"])
        self.discriminator.load_state_dict(state["discriminator"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.judge_optimiser.load_state_dict(state["judge_optimiser"])


def learning_rate(recipe: VocoderRecipe, update: int) -> float:
    """Warm-up over 100 updates, constant, then a straight line to the final rate over the last `anneal` updates."""
    warm = min(1.0, (update + 1) / 100)
    left = min(1.0, max(0.0, (recipe.steps - update) / recipe.anneal))
    span = recipe.learning_rate - recipe.final_learning_rate
    return warm * (recipe.final_learning_rate + span * left)
