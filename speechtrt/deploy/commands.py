"""`speechtrt deploy`."""

import click

from speechtrt.command_table import Entry, TableGroup

COMMANDS = {
    "triton": Entry("speechtrt.deploy.triton.command:triton", "Engine sets -> Triton model repository."),
    "kubernetes": Entry(
        "speechtrt.deploy.kubernetes.command:kubernetes", "Engine sets -> Kustomize base and overlays."
    ),
    "plan": Entry("speechtrt.deploy.planner.command:plan", "How many servers a load needs, from measured results."),
    "router": Entry("speechtrt.deploy.router.command:router", "HAProxy in front of servers on known addresses."),
    "observability": Entry(
        "speechtrt.deploy.observability.command:observability", "Prometheus rules and a Grafana dashboard."
    ),
    "shadow": Entry("speechtrt.deploy.shadow.command:shadow", "Count the word errors of two versions side by side."),
    "sbom": Entry("speechtrt.deploy.bill.command:sbom", "The bill of materials of this installation."),
}


@click.group(cls=TableGroup, table=COMMANDS)
def deploy() -> None:
    """Write what takes engine sets from one machine to many."""
