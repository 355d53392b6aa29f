"""Fit and judge the heads of a CTC checkpoint."""

from pathlib import Path

from speechtrt.models.accent.fit import accuracy, fit_head, pool_set
from speechtrt.models.accent.head import save_heads
from speechtrt.models.ctc import load_ctc
from speechtrt.models.ctc_training.features import load_features
from speechtrt.models.ctc_training.groups import measure_recordings
from speechtrt.models.evaluation.utterances import dialect_utterances
from speechtrt.models.shipped import CHECKSUMS, write_checksums


def make_heads(checkpoint: Path, training_set: Path, utterances: int, target: Path) -> dict[str, dict[str, float]]:
    """Write the heads to `target`; returns accuracies on the shipped test set, by source and group."""
    model = load_ctc(checkpoint)
    heard = pool_set(model, load_features(training_set, model.config), utterances)
    heads = {source: fit_head(vectors, heard.labels) for source, vectors in heard.vectors.items()}
    save_heads(target, heads)
    if (target.parent / CHECKSUMS).is_file():
        write_checksums(target.parent)
    unseen = pool_set(model, measure_recordings(dialect_utterances(), model.config))
    return {source.value: accuracy(head, unseen.vectors[source], unseen.labels) for source, head in heads.items()}
