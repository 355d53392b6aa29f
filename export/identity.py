"""Which exporter wrote a bundle: versions of what it depends on, and a hash of its own code; imports none of it."""

import hashlib
from importlib.metadata import version
from pathlib import Path

from speechtrt import __version__

_PACKAGES = ("torch", "transformers", "onnx", "onnxscript")


def exporter_identity() -> dict[str, str]:
    """Name to version; two equal identities write the same bundle from the same checkpoint."""
    return {"speechtrt": __version__, "code": _code_hash(), **{name: version(name) for name in _PACKAGES}}


def _code_hash() -> str:
    """sha256 over the sources of this package."""
    root = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
