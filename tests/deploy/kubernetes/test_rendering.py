"""What the real tools make of the files: kubectl renders them, HAProxy reads its configuration."""

import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from tests.deploy.kubernetes.conftest import documents
from tests.deploy.kubernetes.custom_resources import MODULES, complaints

pytestmark = pytest.mark.system
OVERLAYS = ["base", "overlays/keda", "overlays/hpa", "overlays/canary"]


def rendered(folder: Path) -> list[dict[str, Any]]:
    done = subprocess.run(["kubectl", "kustomize", str(folder)], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return list(yaml.safe_load_all(done.stdout))


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_overlay_renders_into_valid_manifests(fleet: Path, overlay: str) -> None:
    found = rendered(fleet / overlay)
    for document in found:
        if document["kind"] not in MODULES:
            kubernetes_validate.validate(document, "1.33", strict=True)
        assert document["kind"] == "Namespace" or document["metadata"]["namespace"] == "speech"
    maps = {d["metadata"]["name"] for d in found if d["kind"] == "ConfigMap"}
    for document in (d for d in found if d["kind"] == "Deployment"):
        volumes = document["spec"]["template"]["spec"]["volumes"]
        assert {v["configMap"]["name"] for v in volumes if "configMap" in v} <= maps
        if overlay != "base" and document["metadata"]["name"] != "speechtrt-router":
            assert document["spec"].get("replicas", 0) == 0 or "shadow" in document["metadata"]["name"]


def test_custom_resources_have_the_fields_of_their_projects(fleet: Path) -> None:
    found = [d for d in documents(fleet) if d["kind"] in MODULES]
    assert {d["kind"] for d in found} == set(MODULES)
    assert complaints(found) == ""
    scaled = next(d for d in found if d["kind"] == "ScaledObject")
    scaled["spec"]["scaleTargetReff"] = {}
    assert "scaleTargetReff" in complaints([scaled])
    assert "minReplicaCount" in complaints([{**scaled, "spec": {**scaled["spec"], "minReplicaCount": "two"}}])


def test_a_rollout_takes_the_deployment_s_place(fleet: Path) -> None:
    found = rendered(fleet / "overlays/canary")
    targets = {d["metadata"]["name"]: d["spec"]["scaleTargetRef"] for d in found if d["kind"] == "ScaledObject"}
    rollouts = {d["metadata"]["name"]: d["spec"] for d in found if d["kind"] == "Rollout"}
    deployments = {d["metadata"]["name"]: d["spec"] for d in found if d["kind"] == "Deployment"}
    services = {d["metadata"]["name"] for d in found if d["kind"] == "Service"}
    templates = {d["metadata"]["name"] for d in found if d["kind"] == "AnalysisTemplate"}
    assert set(targets) == set(rollouts)
    for name, rollout in rollouts.items():
        assert targets[name] == {"apiVersion": "argoproj.io/v1alpha1", "kind": "Rollout", "name": name}
        assert deployments[rollout["workloadRef"]["name"]]["replicas"] == 0
        assert rollout["selector"] == deployments[name]["selector"]
        canary = rollout["strategy"]["canary"]
        assert {canary["stableService"], canary["canaryService"]} <= services
        assert canary["analysis"]["templates"][0]["templateName"] in templates


def test_haproxy_accepts_its_configuration(fleet: Path) -> None:
    for path in fleet.rglob("haproxy.cfg"):
        subprocess.run(["/usr/sbin/haproxy", "-c", "-f", str(path)], check=True, capture_output=True)
