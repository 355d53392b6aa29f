"""`deploy shadow`."""

from itertools import count
from pathlib import Path

import click


@click.command()
@click.option("--stable", required=True, metavar="URL", help="Servers of the version that is in use.")
@click.option("--canary", required=True, metavar="URL", help="Servers of the version on trial.")
@click.option("--model", required=True, help="Name of the recognition model.")
@click.option("--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="An API key.")
@click.option("--seconds", type=click.FloatRange(0), default=5.0, show_default=True, help="Between two recordings.")
@click.option("--port", type=click.IntRange(0, 65535), default=9464, show_default=True, help="Where to serve /metrics.")
@click.option("--recordings", type=click.IntRange(1), help="Stop after so many.  [default: never]")
@click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with texts.jsonl and its recordings.  [default: the test set of the dialect groups]",
)
def shadow(
    stable: str,
    canary: str,
    model: str,
    key_file: Path | None,
    seconds: float,
    port: int,
    recordings: int | None,
    data: Path | None,
) -> None:
    """Send known recordings to two versions of a model and count their word errors by dialect, for Prometheus."""
    import time

    from prometheus_client import start_http_server

    from speechtrt.deploy.shadow.client import Client
    from speechtrt.deploy.shadow.counts import Counts, Track
    from speechtrt.deploy.shadow.shadow import UNKNOWN, Shadow
    from speechtrt.models.evaluation.utterances import dialect_utterances, evaluation_utterances

    utterances = evaluation_utterances(data) if data else dialect_utterances()
    key = key_file.read_text(encoding="utf-8").split("\n", 1)[0].strip() if key_file else None
    clients = {Track.STABLE: Client(stable, model, key), Track.CANARY: Client(canary, model, key)}
    counts = Counts(tuple(sorted({u.dialect or UNKNOWN for u in utterances})))
    running = Shadow(utterances, clients, counts)
    start_http_server(port, registry=counts.registry)
    for number in range(recordings) if recordings else count():
        running.say(number)
        time.sleep(seconds)
