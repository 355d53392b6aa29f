"""Fit and judge the heads of a CTC checkpoint."""

from importlib.resources import files
from pathlib import Path

from speechtrt.artifact import sha256_file, staged_folder, write_bytes
from speechtrt.models.accent.fit import accuracy, fit_head, middle_layer, pool_set
from speechtrt.models.accent.head import HEAD, save_heads
from speechtrt.models.ctc import FastConformerCtc, load_ctc
from speechtrt.models.ctc_training.features import FeatureSet, load_features
from speechtrt.models.ctc_training.groups import measure_recordings
from speechtrt.models.ctc_training.source import source_folder
from speechtrt.models.data.conditions import CLEAN
from speechtrt.models.data.voices import Synthesizer
from speechtrt.models.evaluation.utterances import dialect_utterances
from speechtrt.models.shipped import CARD, WEIGHTS, write_checksums

Accuracies = dict[str, dict[str, float]]


def make_heads(weights: str, training_set: Path, utterances: int, target: Path) -> Accuracies:
    """Write the heads and their card to the folder `target`; accuracies on the shipped test set by source and group."""
    checkpoint = source_folder(weights)
    model = load_ctc(checkpoint)
    spoken = load_features(training_set, model.config)
    heard = pool_set(model, spoken, fair_choice(spoken)[:utterances])
    heads = {source: fit_head(vectors, heard.labels) for source, vectors in heard.vectors.items()}
    unseen = pool_set(model, measure_recordings(dialect_utterances(), model.config))
    rates = {source.value: accuracy(head, unseen.vectors[source], unseen.labels) for source, head in heads.items()}
    with staged_folder(target) as folder:
        save_heads(folder / HEAD, heads)
        write_bytes(folder / CARD, _card(checkpoint, model, len(heard.labels), rates).encode())
        write_checksums(folder)
    return rates


def fair_choice(spoken: FeatureSet) -> list[int]:
    """Clean utterances of the synthesiser that speaks every group: else the head would tell synthesisers apart."""
    return [
        index
        for index, one in enumerate(spoken.utterances)
        if one.dialect and one.synthesizer == Synthesizer.ESPEAK.label and one.condition == CLEAN.label
    ]


def _card(checkpoint: Path, model: FastConformerCtc, utterances: int, rates: Accuracies) -> str:
    groups = list(next(iter(rates.values())))
    lines = [f"| pooled | {' | '.join(groups)} |", f"|---|{'---:|' * len(groups)}"]
    lines += [
        f"| {source} | {' | '.join(f'{100 * found[group]:.0f} %' for group in groups)} |"
        for source, found in rates.items()
    ]
    text = files("speechtrt.models.accent").joinpath("card.md").read_text(encoding="utf-8")
    return text.format(
        model=checkpoint.name,
        sha256=sha256_file(checkpoint / WEIGHTS),
        layer=middle_layer(model) + 1,
        layers=model.config.encoder.num_hidden_layers,
        utterances=utterances,
        table="\n".join(lines),
    )
