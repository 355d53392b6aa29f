"""Run an exported graph as it is, on ONNX Runtime's CPU: what parity checks and calibration look at."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from speechtrt.export.families.base import Arrays

_ERRORS_ONLY = 3  # caches are copied here, which the runtime would warn of at every node and every run


class CanonicalRunner:
    """One stage: named inputs to named outputs."""

    def __init__(self, model: Path | bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = _ERRORS_ONLY
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._outputs = [output.name for output in self._session.get_outputs()]

    def __call__(self, inputs: Arrays) -> dict[str, npt.NDArray[np.generic]]:
        """Run once."""
        values = self._session.run(self._outputs, dict(inputs))
        return dict(zip(self._outputs, values, strict=True))
