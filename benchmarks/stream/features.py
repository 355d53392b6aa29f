"""What part of an encoder step goes into features, which are nodes of its graph."""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort

from speechtrt.engine_set import EngineFolder
from speechtrt.runtime.backends.base import Tensors
from speechtrt.runtime.batching.memory import SLOTS

SCOPE = "features/"
STEPS = 30


@dataclass(frozen=True, slots=True)
class FeatureShare:
    """Profiles the stage of a chunk size over a batch of noise, on one thread, in a process of its own."""

    engines: Path
    chunk_milliseconds: int
    batch: int

    def __call__(self, _workload: object) -> float:
        """Time of the nodes that compute features over that of all nodes. Raises BackendError or ManifestError."""
        folder = EngineFolder.open(self.engines)
        ctc = folder.manifest.model.ctc
        assert ctc is not None
        [name] = [chunk.stage for chunk in ctc.chunks if chunk.milliseconds == self.chunk_milliseconds]
        stage = folder.manifest.stage(name)
        inputs = {t.name: np.zeros(t.resolve({SLOTS: self.batch}), t.dtype.value) for t in stage.spec.inputs}
        inputs["pcm"][:] = np.random.default_rng(0).normal(0, 0.1, inputs["pcm"].shape)
        inputs["samples"][:] = inputs["pcm"].shape[1]
        with tempfile.TemporaryDirectory() as trace:
            return _share(folder.file(stage.file.path), inputs, Path(trace))


def _share(model: Path, inputs: Tensors, folder: Path) -> float:
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.enable_profiling = True
    options.profile_file_prefix = str(folder / "trace")
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    for _ in range(STEPS):
        session.run(None, dict(inputs))
    nodes = [event for event in json.loads(Path(session.end_profiling()).read_text()) if event.get("cat") == "Node"]
    spent = [(event["name"], event["dur"]) for event in nodes if event["name"].endswith("_kernel_time")]
    features = sum(time for name, time in spent if name.startswith(SCOPE))
    return float(features / sum(time for _, time in spent))
