"""Engines for shorter caches, where a backend wants a cache's length to be fixed."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from speechtrt.artifact import FileEntry, sha256_file
from speechtrt.bundle import Bundle
from speechtrt.engine_set import Bucket, Profile
from speechtrt.engines.builders.base import EngineBuilder
from speechtrt.engines.candidate import Candidate
from speechtrt.engines.lowering.freeze import refreeze
from speechtrt.engines.profiles import CACHE_DIM, cache_buckets
from speechtrt.specs import StageSpec, TensorSpec


def write_buckets(
    folder: Path, longest: Path, builder: EngineBuilder, candidate: Candidate, bundle: Bundle, stage: StageSpec
) -> tuple[Bucket, ...]:
    """One engine for each length but the longest, whose engine exists; none for a stage without such a cache.

    Raises BuildError.
    """
    if all(CACHE_DIM not in tensor.shape for tensor in stage.inputs):
        return ()
    *shorter, last = cache_buckets(bundle)
    buckets = [_write(folder, builder, candidate, stage, size) for size in shorter]
    return (*buckets, Bucket(last, entry_of(longest)))


def entry_of(path: Path) -> FileEntry:
    """Of a file that lies directly in its folder."""
    return FileEntry(path.name, sha256_file(path), path.stat().st_size)


def open_border(tensors: tuple[TensorSpec, ...], canonical: tuple[TensorSpec, ...]) -> tuple[TensorSpec, ...]:
    """`tensors` with the canonical shapes, where a frozen length has its name: the caller chooses it."""
    shapes = {tensor.name: tensor.shape for tensor in canonical}
    return tuple(replace(tensor, shape=shapes.get(tensor.name, tensor.shape)) for tensor in tensors)


def _write(folder: Path, builder: EngineBuilder, candidate: Candidate, stage: StageSpec, size: int) -> Bucket:
    graph = refreeze(candidate.graph, stage, CACHE_DIM, size)
    path = folder / f"{stage.name}.{size}{builder.suffix}"
    path.write_bytes(builder.build(graph, tuple(_sized(candidate.profiles, size)), candidate.policy))
    return Bucket(size, entry_of(path))


def _sized(profiles: tuple[Profile, ...], size: int) -> Iterator[Profile]:
    return (Profile(CACHE_DIM, size, size, size) if p.dim == CACHE_DIM else p for p in profiles)
