"""Folders that `kubectl kustomize` renders."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from speechtrt.deploy.yaml_file import Document, encode

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Folder:
    """Manifests by file name, what they are patched with, and other folders that they build on."""

    manifests: Mapping[str, tuple[Document, ...]] = field(default_factory=dict)
    patches: tuple[Document, ...] = ()
    resources: tuple[str, ...] = ()
    components: tuple[str, ...] = ()
    config: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    beside: Mapping[str, bytes] = field(default_factory=dict)  # files that are no manifests
    namespace: str | None = None
    component: bool = False

    def files(self, path: str) -> Files:
        """Everything below `path`."""
        found = {f"{path}/{name}.yaml": encode(*documents) for name, documents in self.manifests.items()}
        found |= {f"{path}/{n}/{file}": data for n, files in self.config.items() for file, data in files.items()}
        found |= {f"{path}/{name}": data for name, data in self.beside.items()}
        return {f"{path}/kustomization.yaml": encode(self._kustomization()), **found}

    def _kustomization(self) -> Document:
        version, kind = ("v1alpha1", "Component") if self.component else ("v1beta1", "Kustomization")
        generators = [
            {"name": name, "files": [f"{name}/{file}" for file in files]} for name, files in self.config.items()
        ]
        optional: Document = {
            "namespace": self.namespace,
            "resources": [*self.resources, *(f"{name}.yaml" for name in self.manifests)],
            "components": list(self.components),
            "configMapGenerator": generators,
            "patches": list(self.patches),
        }
        given = {name: value for name, value in optional.items() if value}
        return {"apiVersion": f"kustomize.config.k8s.io/{version}", "kind": kind, **given}


def patch(kind: str, name: str, *operations: Document) -> Document:
    """Operations of JSON Patch upon one resource; Kustomize takes them as text."""
    return {"target": {"kind": kind, "name": name}, "patch": json.dumps(operations)}
