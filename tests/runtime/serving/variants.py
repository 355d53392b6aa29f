"""Engine sets of the same model that say something else."""

import shutil
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from speechtrt.artifact import sha256_file
from speechtrt.engine_set import ENGINE_FILE


def variant(engines: Path, out: Path) -> Path:
    """A copy whose weights are all turned round; its manifest knows, so that it is whole."""
    shutil.copytree(engines, out)
    manifest = (out / ENGINE_FILE).read_text()
    for file in sorted(out.glob("*.onnx")):
        before = sha256_file(file)
        _turn_round(file)
        manifest = manifest.replace(before, sha256_file(file))
    return rewritten(out, manifest)


def damaged(engines: Path, out: Path) -> Path:
    """A copy with one wrong bit in an engine."""
    shutil.copytree(engines, out)
    file = next(out.glob("*.onnx"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.unlink()
    file.write_bytes(data)
    return rewritten(out, (out / ENGINE_FILE).read_text() + "\n")


def again(engines: Path, out: Path) -> Path:
    """A copy that says the same, and is another version."""
    shutil.copytree(engines, out)
    return rewritten(out, (out / ENGINE_FILE).read_text() + "\n")


def failed(engines: Path, out: Path) -> Path:
    """A copy whose manifest owns up to a check that has not passed."""
    shutil.copytree(engines, out)
    return rewritten(out, (out / ENGINE_FILE).read_text().replace('"passed": true', '"passed": false', 1))


def _turn_round(file: Path) -> None:
    model = onnx.load(file)
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype == np.float32 and array.ndim == 2:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(np.flip(array)), tensor.name))
    file.unlink()
    onnx.save(model, file)


def rewritten(folder: Path, manifest: str) -> Path:
    document = folder / ENGINE_FILE
    document.unlink()
    document.write_text(manifest)
    return folder
