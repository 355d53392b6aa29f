"""Custom resources, held against the types and validators that their projects publish for TypeScript.

Types refuse fields that do not exist, which a cluster would drop in silence; validators know ranges and patterns.
"""

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

MODULES = {
    "ScaledObject": "@kubernetes-models/keda/keda.sh/v1alpha1",
    "Rollout": "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1",
    "AnalysisTemplate": "@kubernetes-models/argo-rollouts/argoproj.io/v1alpha1",
    "PodMonitor": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
    "PrometheusRule": "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1",
}
INSTALLED = Path(__file__).parents[3] / "build/crds"
COMPILER = ["node_modules/.bin/tsc", "--noEmit", "--strict", "--skipLibCheck", "--module", "nodenext"]


def complaints(documents: Sequence[dict[str, Any]]) -> str:
    """What is wrong with them; empty if nothing is."""
    with tempfile.TemporaryDirectory(dir=INSTALLED, prefix="check-") as folder:
        typed, valid = Path(folder) / "typed.ts", Path(folder) / "valid.mjs"
        typed.write_text("\n".join(_typed(number, d) for number, d in enumerate(documents)))
        valid.write_text("\n".join(_valid(number, d) for number, d in enumerate(documents)))
        return _run([*COMPILER, str(typed)]) + _run(["node", str(valid)])


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, cwd=INSTALLED, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr if done.returncode else ""


def _typed(number: int, document: dict[str, Any]) -> str:
    kind = document["kind"]
    source = f'import {{ I{kind} as Kind{number} }} from "{MODULES[kind]}";'
    return f"{source}\nexport const document{number}: Kind{number} = {json.dumps(document)};"


def _valid(number: int, document: dict[str, Any]) -> str:
    kind = document["kind"]
    source = f'import {{ {kind} as Kind{number} }} from "{MODULES[kind]}";'
    return f"{source}\nnew Kind{number}({json.dumps(document)}).validate();"
