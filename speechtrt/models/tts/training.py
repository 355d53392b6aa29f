"""One voice training: spelling first, then speech, with a state that resumes exactly."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers.modeling_outputs import BaseModelOutput, Seq2SeqModelOutput

from speechtrt.models.training.machine import CPU, Machine
from speechtrt.models.tts.acoustic import build_acoustic, speaker_embedding
from speechtrt.models.tts.batches import SpeechBatch, SpellingBatch, draw_speech, draw_words
from speechtrt.models.tts.corpus import Corpus
from speechtrt.models.tts.examples import REDUCTION
from speechtrt.models.tts.losses import attention_loss, spectrogram_loss, spelling_accuracy, spelling_loss, stop_loss
from speechtrt.models.tts.phones import COUNT
from speechtrt.models.tts.recipe import VoiceRecipe


@dataclass(frozen=True, slots=True)
class VoiceLosses:
    """Losses of one update, as numbers; spelling updates know only the last two."""

    spelling: float
    spelling_accuracy: float
    before: float = 0.0
    after: float = 0.0
    stop: float = 0.0
    attention: float = 0.0
    review: float = 0.0


class VoiceTraining:
    """Owns everything that changes during training; `step` makes one update."""

    def __init__(self, recipe: VoiceRecipe, corpus: Corpus, pieces: int, machine: Machine = CPU) -> None:
        torch.manual_seed(recipe.seed)
        self.recipe, self.corpus, self.machine = recipe, corpus, machine
        self.device = torch.device(machine.device)
        model: nn.Module = build_acoustic(recipe, pieces, *corpus.statistics())
        self.model: Any = nn.Module.to(model, self.device)
        self.speller = nn.Linear(recipe.hidden, 2 * COUNT).to(self.device)
        self.speaker = speaker_embedding(recipe.speaker).to(self.device)
        parameters = [*self.model.parameters(), *self.speller.parameters()]
        self.optimiser = torch.optim.AdamW(parameters, recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.01)
        self.updates = 0

    @property
    def total(self) -> int:
        """Updates of a whole training."""
        return self.recipe.spelling_steps + self.recipe.steps

    def step(self) -> VoiceLosses:
        """One update: spelling words while the first phase lasts, then speech."""
        self.model.train()
        # Data and dropout depend on the update's number alone, so that a resumed run sees what the whole one would.
        random = np.random.default_rng((self.recipe.seed, self.updates))
        torch.manual_seed(self.recipe.seed * 1_000_003 + self.updates)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.recipe, self.updates)
        self.optimiser.zero_grad(set_to_none=True)
        spelling = self.updates < self.recipe.spelling_steps
        with self.machine.autocast():
            loss, losses = self._spell(random) if spelling else self._speak(random)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step()
        self.updates += 1
        return losses

    def _spell(self, random: np.random.Generator) -> tuple[Tensor, VoiceLosses]:
        recipe = self.recipe
        batch = self._moved(draw_words(self.corpus.words, recipe.spelling_batch, recipe.spelling_words, random))
        scores = self._spelled(self._encoded(batch))
        loss = spelling_loss(scores, batch)
        return loss, VoiceLosses(loss.item(), spelling_accuracy(scores, batch))

    def _speak(self, random: np.random.Generator) -> tuple[Tensor, VoiceLosses]:
        recipe = self.recipe
        drawn = draw_speech(self.corpus.examples, recipe.batch, recipe.joined, random)
        spelled = self._moved(drawn.spelling)
        batch = SpeechBatch(
            spelled, drawn.mel.to(self.device), drawn.places.to(self.device), drawn.lengths.to(self.device)
        )
        encoded = self.model.speecht5.encoder(input_values=spelled.ids, attention_mask=spelled.mask, return_dict=True)
        output = self._decode(batch, encoded, self._history(batch, encoded))
        before, after, stops = self.model.speech_decoder_postnet(output.last_hidden_state)
        scores = self._spelled(encoded.last_hidden_state)
        losses = {
            "before": spectrogram_loss(before.float(), batch),
            "after": spectrogram_loss(after.float(), batch),
            "stop": stop_loss(stops.float(), batch, recipe.stop_weight),
            "attention": attention_loss(tuple(a.float() for a in output.cross_attentions or ()), batch),
            "spelling": spelling_loss(scores, spelled),
        }
        if recipe.review_rows:
            losses["review"] = self._review(random)
        weights = {
            "attention": self._attention_weight(),
            "spelling": recipe.spelling_weight,
            "review": recipe.spelling_weight,
        }
        total = torch.stack([weights.get(name, 1.0) * loss for name, loss in losses.items()]).sum()
        return total, VoiceLosses(
            spelling_accuracy=spelling_accuracy(scores, spelled),
            **{name: loss.item() for name, loss in losses.items()},
        )

    def _review(self, random: np.random.Generator) -> Tensor:
        """Spelling of some dictionary words, lest the encoder forgets what the sentences do not use."""
        batch = draw_words(self.corpus.words, self.recipe.review_rows, self.recipe.spelling_words, random)
        batch = self._moved(batch)
        return spelling_loss(self._spelled(self._encoded(batch)), batch)

    def _decode(self, batch: SpeechBatch, encoded: BaseModelOutput, history: Tensor) -> Seq2SeqModelOutput:
        output: Seq2SeqModelOutput = self.model.speecht5(
            encoder_outputs=encoded,
            attention_mask=batch.spelling.mask,
            decoder_input_values=history,
            decoder_attention_mask=batch.step_mask.long(),
            speaker_embeddings=self.speaker.expand(len(batch.mel), -1),
            output_attentions=True,
            use_cache=False,
            return_dict=True,
        )
        return output

    def _history(self, batch: SpeechBatch, encoded: BaseModelOutput) -> Tensor:
        """What the decoder is told it has said, [batch, steps, 80]: the truth with noise, and in part its own words.

        Scheduled sampling in two passes (Mihaylova and Martins 2019): frames predicted from the truth replace some of
        it, so that speaking freely, where only own frames exist, is not a surprise.
        """
        frames = batch.mel[:, REDUCTION - 1 :: REDUCTION]
        noisy = frames + self.recipe.noise * torch.randn_like(frames)
        share = self._sampled_share()
        if share > 0:
            with torch.no_grad():
                hidden = self._decode(batch, encoded, shifted(noisy)).last_hidden_state
                own = self.model.speech_decoder_postnet.feat_out(hidden)[..., -frames.shape[-1] :].float()
            noisy = torch.where(torch.rand_like(frames[..., :1]) < share, own, noisy)
        return shifted(noisy)

    def _sampled_share(self) -> float:
        recipe = self.recipe
        spoken = self.updates - recipe.spelling_steps
        return recipe.sampled * min(1.0, max(0.0, (spoken - recipe.sampled_from) / recipe.sampled_steps))

    def _attention_weight(self) -> float:
        recipe = self.recipe
        done = min(1.0, (self.updates - recipe.spelling_steps) / recipe.attention_steps)
        return recipe.attention_weight + done * (recipe.final_attention_weight - recipe.attention_weight)

    def _spelled(self, encoded: Tensor) -> Tensor:
        """Phone scores of each piece, float32."""
        scores: Tensor = self.speller(encoded)
        return scores.float()

    def _encoded(self, batch: SpellingBatch) -> Tensor:
        encoder = self.model.speecht5.encoder
        hidden: Tensor = encoder(input_values=batch.ids, attention_mask=batch.mask, return_dict=True).last_hidden_state
        return hidden

    def _moved(self, batch: SpellingBatch) -> SpellingBatch:
        return SpellingBatch(batch.ids.to(self.device), batch.mask.to(self.device), batch.phones.to(self.device))

    @torch.no_grad()
    def probe(self) -> dict[str, float]:
        """Share of pieces pronounced rightly in words that are never trained on."""
        self.model.eval()
        batch = draw_words(self.corpus.unseen, 32, self.recipe.spelling_words, np.random.default_rng(0))
        batch = self._moved(batch)
        return {"unseen_accuracy": spelling_accuracy(self._spelled(self._encoded(batch)), batch)}

    def state(self) -> dict[str, Any]:
        """Everything that a resumed training needs."""
        return {
            "recipe": asdict(self.recipe),
            "updates": self.updates,
            "model": self.model.state_dict(),
            "speller": self.speller.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what `state` gave."""
        self.updates = state["updates"]
        self.model.load_state_dict(state["model"])
        self.speller.load_state_dict(state["speller"])
        self.optimiser.load_state_dict(state["optimiser"])


def shifted(frames: Tensor) -> Tensor:
    """Frames [batch, steps, 80] one step later, after transformers' all-zero start."""
    return torch.cat([torch.zeros_like(frames[:, :1]), frames[:, :-1]], dim=1)


def learning_rate(recipe: VoiceRecipe, update: int) -> float:
    """Each phase warms up; speech then stays constant and falls in a straight line over its last `anneal` updates."""
    if update < recipe.spelling_steps:
        return recipe.spelling_learning_rate * min(1.0, (update + 1) / 50)
    spoken = update - recipe.spelling_steps
    warm = min(1.0, (spoken + 1) / recipe.warmup)
    left = min(1.0, max(0.0, (recipe.steps - spoken) / recipe.anneal))
    span = recipe.learning_rate - recipe.final_learning_rate
    return warm * (recipe.final_learning_rate + span * left)
