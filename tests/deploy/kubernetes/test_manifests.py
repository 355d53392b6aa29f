"""Valid for the cluster, and meaning what they should."""

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.server import CUT_SECONDS
from speechtrt.runtime.serving.settings import read_settings
from tests.deploy.kubernetes.conftest import documents, of_kind

VERSIONS = ("1.28", "1.33", "1.37")


def pods(folder: Path) -> dict[str, Any]:
    return {name: d["spec"]["template"] for name, d in of_kind(folder, "Deployment").items()}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_manifest_of_the_base_is_valid(fleet: Path, version: str) -> None:
    found = list(documents(fleet / "base"))
    assert len(found) == 14
    for document in found:
        kubernetes_validate.validate(document, version, strict=True)


def test_selectors_select_pods(fleet: Path) -> None:
    labels = [pod["metadata"]["labels"] for pod in pods(fleet).values()]
    selectors = [d["spec"]["selector"]["matchLabels"] for d in of_kind(fleet, "Deployment").values()]
    selectors += [d["spec"]["selector"] for d in of_kind(fleet, "Service").values()]
    selectors += [d["spec"]["selector"]["matchLabels"] for d in of_kind(fleet, "PodDisruptionBudget").values()]
    assert len(selectors) == 15
    for selector in selectors:
        assert sum(selector.items() <= found.items() for found in labels) == 1
    for policy in of_kind(fleet, "NetworkPolicy").values():
        assert any(policy["spec"]["podSelector"]["matchLabels"].items() <= found.items() for found in labels)


def test_one_gpu_per_pod_on_the_right_nodes(fleet: Path) -> None:
    for name, kinds in (
        ("speechtrt-small", ["Tesla-T4", "NVIDIA-T4", "NVIDIA-L4"]),
        ("speechtrt-large", ["NVIDIA-A100-SXM4-40GB", "NVIDIA-H200"]),
    ):
        pod = pods(fleet)[name]["spec"]
        resources = pod["containers"][0]["resources"]
        assert resources["limits"] == resources["requests"]
        assert resources["limits"]["nvidia.com/gpu"] == "1"
        required = pod["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
        [expression] = required["nodeSelectorTerms"][0]["matchExpressions"]
        assert set(kinds) <= set(expression["values"])
        assert not any(("T4" in v or "L4" in v) != (name == "speechtrt-small") for v in expression["values"])


def test_nobody_is_root_and_nothing_can_be_written(fleet: Path) -> None:
    for pod in pods(fleet).values():
        assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
        assert pod["spec"]["securityContext"]["runAsUser"] > 0
        assert pod["spec"]["automountServiceAccountToken"] is False
        for container in pod["spec"]["containers"]:
            security = container["securityContext"]
            assert security["readOnlyRootFilesystem"] and not security["allowPrivilegeEscalation"]
            assert security["capabilities"] == {"drop": ["ALL"]}
            writable = [m["mountPath"] for m in container["volumeMounts"] if not m.get("readOnly")]
            assert writable == ["/tmp"]


def test_a_pod_that_leaves_outlives_its_longest_stream(fleet: Path) -> None:
    for name, pod in pods(fleet / "base").items():
        [container] = pod["spec"]["containers"]
        settle = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
        if name == "speechtrt-router":
            longest = 1800.0
        else:
            limits = settings(fleet, name.removeprefix("speechtrt-"))
            longest = limits.drain_seconds + CUT_SECONDS
            assert limits.drain_seconds > limits.session_seconds
        assert pod["spec"]["terminationGracePeriodSeconds"] > settle + longest


def settings(fleet: Path, pool: str) -> Limits:
    return read_settings({}, fleet / f"base/settings-{pool}/serve.toml", {}).settings.limits


def test_the_server_accepts_its_settings_and_they_agree_with_the_pod(fleet: Path) -> None:
    for pool, models in (("small", ["ctc-medium", "voice"]), ("large", ["ctc-large", "ctc-medium", "voice"])):
        found = read_settings({}, fleet / f"base/settings-{pool}/serve.toml", {}).settings
        [container] = pods(fleet)[f"speechtrt-{pool}"]["spec"]["containers"]
        assert {p["name"]: p["containerPort"] for p in container["ports"]} == {
            "http": found.port,
            "grpc": found.grpc_port,
            "metrics": found.operator_port,
        }
        mounts = {m["name"]: Path(m["mountPath"]) for m in container["volumeMounts"]}
        assert sorted(path.relative_to(mounts["engines"]).parts[0] for path in found.engines) == models
        assert found.api_key_file and found.api_key_file.parent == mounts["keys"]
        assert container["args"] == ["--config", str(mounts["settings"] / "serve.toml")]


def test_volumes_are_named_by_hash_and_exist(fleet: Path) -> None:
    claims = of_kind(fleet, "PersistentVolumeClaim")
    for pool in ("small", "large"):
        volumes = {v["name"]: v for v in pods(fleet)[f"speechtrt-{pool}"]["spec"]["volumes"]}
        claim = volumes["engines"]["persistentVolumeClaim"]
        assert claim["readOnly"] is True
        assert claim["claimName"] in claims
        assert claim["claimName"].startswith(f"engines-{pool}-")


def test_every_config_map_is_generated(fleet: Path) -> None:
    generated = {g["name"] for g in kustomization(fleet / "base")["configMapGenerator"]}
    wanted = {v["configMap"]["name"] for p in pods(fleet).values() for v in p["spec"]["volumes"] if "configMap" in v}
    assert generated == wanted


def kustomization(folder: Path) -> Any:
    return yaml.safe_load((folder / "kustomization.yaml").read_text())


def test_what_scales_a_pool_is_the_only_one_that_counts_its_servers(fleet: Path) -> None:
    keda = fleet / "components/keda"
    scaled = {d["spec"]["scaleTargetRef"]["name"] for d in of_kind(keda, "ScaledObject").values()}
    freed = {p["target"]["name"] for p in kustomization(keda)["patches"]}
    assert scaled == freed == {"speechtrt-small", "speechtrt-large"}
    for name, document in of_kind(keda, "ScaledObject").items():
        names = {t["name"] for t in document["spec"]["triggers"]}
        assert names == {"slot-occupancy", "chunk-latency-p95", "queue-depth", "gpu-load"}
        for trigger in document["spec"]["triggers"]:
            assert f'pool="{name.removeprefix("speechtrt-")}"' in trigger["metadata"]["query"]
            assert float(trigger["metadata"]["threshold"]) > 0
