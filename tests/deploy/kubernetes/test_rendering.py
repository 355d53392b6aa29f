"""What the real tools make of the files: kubectl renders them, HAProxy reads its configuration."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

pytestmark = pytest.mark.system
CUSTOM = ("ScaledObject",)


def rendered(folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return list(yaml.safe_load_all(done.stdout))


@pytest.mark.parametrize("overlay", ["base", "overlays/keda"])
def test_every_overlay_renders_into_valid_manifests(fleet: Path, overlay: str) -> None:
    found = rendered(fleet / overlay)
    for document in found:
        if document["kind"] not in CUSTOM:
            kubernetes_validate.validate(document, "1.33", strict=True)
        assert document["kind"] == "Namespace" or document["metadata"]["namespace"] == "speech"
    maps = {d["metadata"]["name"] for d in found if d["kind"] == "ConfigMap"}
    for document in (d for d in found if d["kind"] == "Deployment"):
        volumes = document["spec"]["template"]["spec"]["volumes"]
        assert {v["configMap"]["name"] for v in volumes if "configMap" in v} <= maps
        if overlay != "base" and document["metadata"]["name"] != "speechtrt-router":
            assert "replicas" not in document["spec"]


def test_haproxy_accepts_its_configuration(fleet: Path) -> None:
    for path in fleet.rglob("haproxy.cfg"):
        subprocess.run(["/usr/sbin/haproxy", "-c", "-f", str(path)], check=True, capture_output=True)
