"""`deploy observability`."""

from pathlib import Path

import click

from speechtrt.console import note


@click.command()
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write.")
@click.option(
    "--target", "targets", multiple=True, metavar="HOST:PORT", help="Where a server serves /metrics.  [127.0.0.1:8080]"
)
@click.option(
    "--metrics",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A page of /metrics of the servers, if their version is another one.",
)
def observability(out: Path, targets: tuple[str, ...], metrics: Path | None) -> None:
    """Prometheus rules and scraping, and a Grafana dashboard, for servers outside of a cluster."""
    from speechtrt.deploy.observability.pack import write_pack

    write_pack(out, targets or ("127.0.0.1:8080",), metrics)
    note(f"wrote {out}; start `prometheus --config.file={out / 'prometheus.yaml'}` and import {out / 'dashboard.json'}")
