"""Names that a cluster takes."""

import re

from speechtrt.errors import DeployError

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LONGEST = 63
RESERVED = ("default", "kube-system", "kube-public", "kube-node-lease")


def dns_label(name: str, what: str, room: int = 0) -> str:
    """`name`, if it is a DNS label even with `room` more characters. Raises DeployError."""
    if not LABEL.fullmatch(name) or len(name) + room > LONGEST:
        raise DeployError(
            f"{what} {name!r} is no DNS label; expected at most {LONGEST - room} lower-case letters, digits and "
            "hyphens, with a letter or digit at both ends"
        )
    return name


def dns_name(name: str, what: str) -> str:
    """`name`, if it is DNS labels with dots between them. Raises DeployError."""
    for label in name.split("."):
        dns_label(label, f"{what} {name!r}: part")
    return name


def own_namespace(name: str, monitoring: str) -> str:
    """`name`, if a fleet can have a namespace of that name to itself. Raises DeployError."""
    dns_label(name, "namespace")
    if name in RESERVED:
        raise DeployError(f"namespace {name!r} belongs to the cluster; choose one of your own with --namespace")
    if name == monitoring:
        raise DeployError(
            f"namespace {name!r} is also that of the monitoring, which the network policy tells apart from clients; "
            "choose another --namespace or --monitoring-namespace"
        )
    return name
