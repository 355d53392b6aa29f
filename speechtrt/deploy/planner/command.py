"""`deploy plan`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from speechtrt.console import emit_json, note

if TYPE_CHECKING:
    from speechtrt.deploy.planner.agreement import Agreement
    from speechtrt.deploy.planner.plan import Demand, Plan

FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


class Rate(click.ParamType[float]):
    """`200/s` or `12000/min`, in texts a second."""

    name = "rate"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Raises a usage error."""
        number, _, unit = str(value).partition("/")
        try:
            return float(number) / {"s": 1, "min": 60, "": 1}[unit]
        except (KeyError, ValueError):
            self.fail(f"{value!r} is no rate; expected e.g. 200/s or 12000/min", param, ctx)


@click.command()
@click.option("--streams", type=click.IntRange(0), default=0, show_default=True, help="Live streams at once.")
@click.option("--utterances", type=Rate(), default="0/s", show_default=True, help="Texts to speak, e.g. 200/s.")
@click.option(
    "--hardware",
    "results",
    type=FILE,
    multiple=True,
    required=True,
    help="Result of `bench stream` or `bench tts` on that hardware, once for each.",
)
@click.option("--chunk", type=click.IntRange(1), help="Chunk of the streams in ms.  [default: the largest measured]")
@click.option("--chunk-p95", type=click.FloatRange(0.001), default=0.1, show_default=True, help="Seconds.")
@click.option("--text-p95", type=click.FloatRange(0.001), default=1.0, show_default=True, help="Seconds.")
@click.option(
    "--headroom", type=click.FloatRange(0.05, 1), default=0.8, show_default=True, help="How full servers may be."
)
@click.option(
    "--replica",
    "replicas",
    type=FILE,
    multiple=True,
    help="Result of a server that was measured beside others on one machine, once for each: "
    "steps take as long as they did there, and a plan that is more than 15 % off fails.",
)
@click.option("--price", type=click.FloatRange(0), help="Cost of a server for an hour, in any currency.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the simulation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def plan(
    context: click.Context,
    streams: int,
    utterances: float,
    results: tuple[Path, ...],
    chunk: int | None,
    chunk_p95: float,
    text_p95: float,
    headroom: float,
    replicas: tuple[Path, ...],
    price: float | None,
    seed: int,
    as_json: bool,
) -> None:
    """How many servers a load needs, simulated from benchmark results of the hardware."""
    from speechtrt.deploy.planner.plan import Demand, plan

    if not (streams or utterances):
        raise click.UsageError("nothing to plan; give --streams, --utterances or both")
    if replicas and not streams:
        raise click.UsageError("--replica says how many streams servers carry; give --streams, too")
    demand = Demand(streams, utterances, chunk_p95, text_p95, headroom, chunk, seed)
    found = plan(demand, results, replicas)
    cost = None if price is None else found.servers * price
    compared = _compared(found, demand, results, replicas) if replicas else None
    for doubt in found.doubts:
        note(doubt)
    if as_json:
        emit_json(
            {
                "schema": 1,
                "demand": demand,
                "plan": found,
                "servers": found.servers,
                "price_per_hour": cost,
                "agreement": compared,
            }
        )
    else:
        _say(demand, found, cost)
    if compared is not None:
        note(
            f"{compared.replicas} servers at once carry {compared.measured} streams, planned {compared.planned} "
            f"({compared.difference:+.1%}); steps take {found.step_ratio:.2f} times as long as alone"
        )
        context.exit(0 if compared.close else 1)


def _compared(found: "Plan", demand: "Demand", results: tuple[Path, ...], replicas: tuple[Path, ...]) -> "Agreement":
    from speechtrt.deploy.planner.agreement import agreement
    from speechtrt.deploy.planner.plan import plan

    beside, alone = (round(p.streams_per_server / demand.headroom) for p in (found, plan(demand, results)))
    return agreement(beside, alone, demand.chunk, replicas)


def _say(demand: "Demand", found: "Plan", cost: float | None) -> None:
    click.echo(f"measured on {'; '.join(found.hardware)}")
    click.echo(f"{found.stream_servers} servers for {demand.streams} streams, {found.streams_per_server} on each")
    click.echo(f"{found.speech_servers} servers for {demand.texts:g} texts/s, {found.texts_per_server:.1f}/s on each")
    click.echo(f"{found.servers} servers" + ("" if cost is None else f", {cost:g} per hour"))
