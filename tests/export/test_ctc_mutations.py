"""Parity of the streaming step must notice every way in which a chunk can be wrong."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor

from speechtrt.errors import ParityError
from speechtrt.export.families import fastconformer_layer, fastconformer_subsampling
from speechtrt.export.families.fastconformer_ctc import FastConformerModel
from speechtrt.export.families.fastconformer_features import Features
from speechtrt.export.families.fastconformer_parity import stream_parity
from speechtrt.export.families.fastconformer_step import ChunkStep
from speechtrt.export.parity import require
from speechtrt.export.state_io import write_rows
from tests.export.module_runner import ModuleRunner

Break = Callable[[pytest.MonkeyPatch], None]


def _place(patch: pytest.MonkeyPatch, change: Callable[[Any, Tensor], Any]) -> None:
    place = ChunkStep._place
    patch.setattr(
        ChunkStep,
        "_place",
        lambda self, length, position, count, fresh: change(place(self, length, position, count, fresh), fresh),
    )


def former_owner_heard(patch: pytest.MonkeyPatch) -> None:
    _place(patch, lambda place, _: replace(place, visible=torch.ones_like(place.visible)))


def convolution_not_fresh(patch: pytest.MonkeyPatch) -> None:
    _place(patch, lambda place, fresh: replace(place, fresh=torch.zeros_like(fresh)))


def distance_off_by_one(patch: pytest.MonkeyPatch) -> None:
    _place(patch, lambda place, _: replace(place, distance=(place.distance - 1).clamp(0)))


def flush_frames_heard(patch: pytest.MonkeyPatch) -> None:
    place = ChunkStep._place
    patch.setattr(
        ChunkStep,
        "_place",
        lambda self, length, position, count, fresh: place(
            self, length, position, torch.full_like(count, self.frames), fresh
        ),
    )


def columns_not_masked(patch: pytest.MonkeyPatch) -> None:
    keep = fastconformer_subsampling._keep
    patch.setattr(
        fastconformer_subsampling,
        "_keep",
        lambda states, valid, fresh, before: keep(states, torch.full_like(valid, 10_000), fresh, before),
    )


def stream_start_not_padded(patch: pytest.MonkeyPatch) -> None:
    keep = fastconformer_subsampling._keep
    patch.setattr(
        fastconformer_subsampling, "_keep", lambda states, valid, fresh, before: keep(states, valid, fresh, 0)
    )


def end_emphasised(patch: pytest.MonkeyPatch) -> None:
    forward = Features.forward
    patch.setattr(Features, "forward", lambda self, pcm, samples: forward(self, pcm, samples + 1))


def not_standardised(patch: pytest.MonkeyPatch) -> None:
    forward = Features.forward
    patch.setattr(Features, "forward", lambda self, pcm, samples: forward(self, pcm, samples) * 1.01)


def cache_written_late(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        fastconformer_layer,
        "write_rows",
        lambda cache, update, position: write_rows(cache, update, (position - 1).clamp(0)),
    )


BREAKS = (
    former_owner_heard,
    convolution_not_fresh,
    distance_off_by_one,
    flush_frames_heard,
    columns_not_masked,
    stream_start_not_padded,
    end_emphasised,
    not_standardised,
    cache_written_late,
)


def check(model: FastConformerModel) -> None:
    """The larger chunk: its last one holds frames that count and frames that do not."""
    graph = model.stages()[-1]
    chunks = model.describe().ctc
    assert chunks is not None
    require(stream_parity(model.model, ModuleRunner(graph), graph.spec, chunks.chunks[-1]))


def test_the_module_passes(ctc_model: FastConformerModel) -> None:
    check(ctc_model)


@pytest.mark.parametrize("break_it", BREAKS, ids=lambda b: b.__name__)
def test_a_broken_module_is_noticed(
    break_it: Break, ctc_model: FastConformerModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    break_it(monkeypatch)
    with pytest.raises(ParityError, match="log-probabilities"):
        check(ctc_model)
