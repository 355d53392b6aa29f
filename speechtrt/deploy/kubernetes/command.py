"""`deploy kubernetes`."""

from pathlib import Path

import click

from speechtrt.console import note

FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("engines", type=FOLDER, nargs=-1, required=True)
@click.option("-o", "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder to write.")
@click.option("--namespace", default="speechtrt", show_default=True, help="Namespace that the fleet has to itself.")
@click.option("--image", default="speechtrt:latest", show_default=True, help="Image of the server.")
@click.option("--router-image", default="docker.io/library/haproxy:2.6", show_default=True, help="Image of HAProxy.")
@click.option(
    "--pool",
    "pools",
    multiple=True,
    metavar="NAME=GPU,...",
    help="Nodes of like hardware; GPUs are T4, L4, A100, H100, H200, or cpu.  "
    "[default: small=T4,L4 large=A100,H100,H200 cpu=cpu]",
)
@click.option("--least", type=click.IntRange(1), default=2, show_default=True, help="Servers of a pool at least.")
@click.option("--most", type=click.IntRange(1), default=8, show_default=True, help="Servers of a pool at most.")
@click.option("--stream-slots", type=click.IntRange(1), default=64, show_default=True, help="Live streams of a server.")
@click.option("--speech-slots", type=click.IntRange(1), default=16, show_default=True, help="Texts spoken at once.")
@click.option(
    "--longest-stream", type=click.IntRange(1), default=1800, show_default=True, help="Seconds a stream may last."
)
@click.option("--storage-class", help="Storage class of the engine volumes.  [default: the cluster's]")
@click.option("--keys", default="speechtrt-keys", show_default=True, help="Secret with the API keys, as `keys`.")
@click.option("--monitoring-namespace", default="monitoring", show_default=True, help="Where Prometheus runs.")
@click.option(
    "--prometheus",
    default="http://prometheus-operated.monitoring.svc:9090",
    show_default=True,
    help="Where autoscalers and canaries ask.",
)
@click.option(
    "--metrics",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A page of /metrics of the image, if its version is another one.",
)
def kubernetes(
    engines: tuple[Path, ...],
    out: Path,
    namespace: str,
    image: str,
    router_image: str,
    pools: tuple[str, ...],
    least: int,
    most: int,
    stream_slots: int,
    speech_slots: int,
    longest_stream: int,
    storage_class: str | None,
    keys: str,
    monitoring_namespace: str,
    prometheus: str,
    metrics: Path | None,
) -> None:
    """Engine sets -> a fleet on Kubernetes: Kustomize base and overlays.

    Large GPUs serve large and medium models, small ones small models and medium ones in INT8; engines that were built
    for one GPU are served on that GPU.
    """
    from speechtrt.deploy.kubernetes.dns_label import dns_label, dns_name, own_namespace
    from speechtrt.deploy.kubernetes.fleet import Fleet, Scale, Timing
    from speechtrt.deploy.kubernetes.output import write_fleet
    from speechtrt.deploy.kubernetes.placement import place
    from speechtrt.deploy.kubernetes.pool import parse_hardware
    from speechtrt.deploy.kubernetes.reference import image_reference, prometheus_url
    from speechtrt.engine_set import EngineFolder

    if least > most:
        raise click.BadParameter(f"{least} servers at least and {most} at most", param_hint="--least")
    folders = [EngineFolder.open(path) for path in engines]
    fleet = Fleet(
        namespace=own_namespace(namespace, dns_label(monitoring_namespace, "namespace")),
        image=image_reference(image),
        router_image=image_reference(router_image),
        pools=place(folders, [parse_hardware(text) for text in pools]),
        monitoring=monitoring_namespace,
        prometheus=prometheus_url(prometheus),
        keys=dns_label(keys, "secret"),
        timing=Timing(session=longest_stream),
        scale=Scale(least, most, stream_slots, speech_slots),
        storage_class=storage_class and dns_name(storage_class, "storage class"),
    )
    for folder in folders:
        folder.verify()
    write_fleet(fleet, out, metrics)
    for pool in fleet.pools:
        note(f"pool {pool.hardware}: {', '.join(pool.models)}")
    note(f"wrote {out}; render it with `kubectl kustomize {out / 'overlays/keda'}`")
