"""A stand-in for ears: the distance between what two engine sets compute is the quality that is judged."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from speechtrt.engine_set import EngineFolder
from speechtrt.engines.gate.comparison import measure_drift
from speechtrt.engines.gate.quality import Observation, QualityReport
from speechtrt.engines.session import open_session
from speechtrt.quality import EVERYTHING, Allowance, Better, Scale, quality_figure
from tests.engines.hostile import STAGE, WIDTH

UTTERANCES = 12


@dataclass
class Ears:
    """`distance` is how far apart two sets may be; `compared` collects the sets that were listened to."""

    distance: float
    compared: list[Path] = field(default_factory=list)

    def compare(self, engines: Path, reference: Path) -> QualityReport:
        self.compared.append(engines)
        found, wanted = (outputs(folder) for folder in (engines, reference))
        apart = measure_drift(wanted, found).relative_l2
        figure = quality_figure(
            "mcd",
            EVERYTHING,
            1.0 + apart,
            1.0,
            scale=Scale.RELATIVE,
            better=Better.LOWER,
            utterances=UTTERANCES,
            interval=(apart / 2, apart * 2),
            allowance=Allowance(self.distance),
        )
        observations = [
            Observation("mcd", EVERYTHING, str(i), 1.0 + measure_drift([b], [a]).relative_l2, 1.0)
            for i, (a, b) in enumerate(zip(found, wanted, strict=True))
        ]
        return QualityReport((figure,), tuple(observations))


def outputs(folder: Path) -> list[np.ndarray]:
    session = open_session(EngineFolder.open(folder).file(f"{STAGE}.onnx"))
    inputs = np.random.default_rng(1).normal(0, 1, (UTTERANCES, 1, 9, WIDTH)).astype(np.float32)
    return [session.run(["hidden"], {"x": x})[0] for x in inputs]
