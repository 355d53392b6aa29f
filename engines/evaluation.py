"""Recorded inputs with the reference graph's answers, kept in an engine set so that it can be judged from disk."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speechtrt.engines.gate.comparison import Outputs
from speechtrt.engines.scenario import Playlist, Scenario, concatenate, play
from speechtrt.engines.session import Feeds, StageSession
from speechtrt.errors import ManifestError
from speechtrt.specs import StageSpec


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What is played, and what the reference graph answers."""

    playlist: Playlist
    outputs: Outputs


def record_evaluation(graph: bytes, playlist: Playlist) -> Evaluation:
    """Play the scenarios on the canonical graph."""
    return Evaluation(playlist, answers(graph, playlist))


def answers(model: bytes | Path, playlist: Playlist) -> Outputs:
    """Outputs of a model over all scenarios; the session casts to what the model takes."""
    with StageSession(model, playlist.stage.states) as session:
        return concatenate(play(session, playlist, scenario) for scenario in playlist.scenarios)


def encode_evaluation(evaluation: Evaluation) -> bytes:
    """As a compressed `.npz`."""
    playlist = evaluation.playlist
    arrays: Feeds = {"max_len": np.array(playlist.max_len)}
    for index, scenario in enumerate(playlist.scenarios):
        arrays |= {f"{index}/fixed/{n}": v for n, v in scenario.fixed.items()}
        arrays[f"{index}/loop"] = np.array(scenario.loop)
        for number, step in enumerate(scenario.steps):
            arrays |= {f"{index}/{number:04d}/{n}": v for n, v in step.items()}
    for name, values in evaluation.outputs.items():
        arrays |= {f"answer/{i:04d}/{name}": v for i, v in enumerate(values)}
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def decode_evaluation(path: Path, stage: StageSpec) -> Evaluation:
    """Read what `encode_evaluation` wrote. Raises ManifestError."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {key: archive[key] for key in archive.files}
        return _decode(arrays, stage)
    except (ValueError, OSError, KeyError) as error:
        raise ManifestError(f"{path}: is not an evaluation archive ({error}); build the engine set again") from error


def _decode(arrays: Feeds, stage: StageSpec) -> Evaluation:
    parts: dict[str, dict[str, Feeds]] = {}
    outputs: Outputs = {}
    for key in sorted(k for k in arrays if k.count("/") == 2):
        head, middle, name = key.split("/")
        if head == "answer":
            outputs.setdefault(name, []).append(arrays[key])
        else:
            parts.setdefault(head, {}).setdefault(middle, {})[name] = arrays[key]
    scenarios = []
    for index in sorted(parts, key=int):
        fixed = parts[index].pop("fixed", {})
        steps = tuple(parts[index][n] for n in sorted(parts[index]))
        scenarios.append(Scenario(fixed, steps, bool(arrays[f"{index}/loop"])))
    return Evaluation(Playlist(stage, int(arrays["max_len"]), tuple(scenarios)), outputs)
