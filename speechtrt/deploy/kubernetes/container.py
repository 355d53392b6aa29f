"""What every container of a fleet has: no root, nothing to write to but /tmp."""

from speechtrt.deploy.yaml_file import Document

USER = 65534
TEMPORARY = {"name": "tmp", "emptyDir": {"sizeLimit": "256Mi"}}
TEMPORARY_MOUNT = {"name": "tmp", "mountPath": "/tmp"}


def pod_security(user: int = USER) -> Document:
    """For a pod."""
    return {
        "runAsNonRoot": True,
        "runAsUser": user,
        "runAsGroup": user,
        "fsGroup": user,
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def container_security() -> Document:
    """For a container."""
    return {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def fixed(cpu: str, memory: str, gpus: int = 0) -> Document:
    """Requests that are also limits."""
    amounts: Document = {"cpu": cpu, "memory": memory, **({"nvidia.com/gpu": str(gpus)} if gpus else {})}
    return {"requests": amounts, "limits": dict(amounts)}


def probe(path: str, port: str, period: int, failures: int, timeout: int = 2) -> Document:
    """An HTTP probe that gives up after `failures` times `period` seconds."""
    return {
        "httpGet": {"path": path, "port": port},
        "periodSeconds": period,
        "timeoutSeconds": timeout,
        "failureThreshold": failures,
    }
