"""Flat numbers out of paced runs."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from speechtrt.benchmarks.measure.distribution import Distribution
from speechtrt.benchmarks.measure.verdict import contention_reasons, trial_reasons
from speechtrt.benchmarks.stream.load import StreamPlan
from speechtrt.benchmarks.stream.trial import StreamTrial

Numbers = dict[str, float]
MOST_LATE_SECONDS = 0.025
PYTHON_STAGES = ("batching", "decoding")
AT_64 = {"latency_seconds_p95": "chunk_latency_seconds_p95", "memory_bytes": "memory_bytes"}


def grouped(trials: Sequence[StreamTrial], *purposes: str) -> dict[str, list[StreamTrial]]:
    """Trials of these purposes by their key, in order of first appearance."""
    groups: dict[str, list[StreamTrial]] = defaultdict(list)
    for trial in trials:
        if trial.purpose in purposes:
            groups[trial.key].append(trial)
    return groups


def load_numbers(trials: Sequence[StreamTrial]) -> Numbers:
    """Means over the runs of one side at one number of streams."""
    shares = [_share(t.stage_cpu_seconds) for t in trials if t.stage_cpu_seconds]
    return {
        **{f"chunk_latency_seconds_{q}": _mean(trials, _quantile(q)) for q in ("mean", "p50", "p95", "p99")},
        "first_text_seconds_p50": _mean(trials, lambda t: t.first_text.p50),
        "first_text_seconds_p95": _mean(trials, lambda t: t.first_text.p95),
        "final_latency_seconds_p50": _mean(trials, lambda t: t.final.p50),
        "final_latency_seconds_p95": _mean(trials, lambda t: t.final.p95),
        "batch_fill": _mean(trials, lambda t: t.batch_fill),
        "rows_per_batch": _mean(trials, lambda t: t.rows_per_batch),
        "cpu_cores": _mean(trials, lambda t: t.cpu_seconds / t.wall_seconds),
        "cpu_seconds_per_stream_second": _mean(trials, lambda t: t.cpu_seconds / t.wall_seconds / t.streams),
        **({"batching_and_decoding_share": Distribution.of(shares).mean} if shares else {}),
        "client_cpu_cores": _mean(trials, lambda t: t.client_cpu_seconds / t.wall_seconds),
        "drop_rate": _mean(trials, lambda t: t.drop_rate),
        "memory_bytes": max(float(t.peak_memory_bytes) for t in trials),
        "texts_different_rate": _mean(trials, lambda t: t.different / t.utterances if t.utterances else 0.0),
    }


def streams_at_slo(trials: Sequence[StreamTrial], side: str, chunk: int, slo: float) -> list[StreamTrial]:
    """The runs that confirm the largest number of streams of a side; none when there is no such number."""
    own = [t for t in trials if t.side == side and t.chunk_milliseconds == chunk]
    groups = [g for g in grouped(own, "confirm").values() if all(t.holds(slo) for t in g)]
    return max(groups, key=lambda g: g[0].streams, default=[])


def summarise(trials: Sequence[StreamTrial], headline: str, slo: float) -> Numbers:
    """The headline at its largest number of streams of the largest chunk by plain names, then everything by key."""
    numbers: Numbers = {}
    for key, group in grouped(trials, "fixed", "overload").items():
        numbers |= {f"{key}.{name}": value for name, value in load_numbers(group).items()}
    sides = tuple(dict.fromkeys(t.side for t in trials if t.purpose != "overload"))
    chunks = sorted({t.chunk_milliseconds for t in trials})
    for chunk in chunks:
        found = {side: streams_at_slo(trials, side, chunk, slo) for side in sides}
        for side, group in found.items():
            numbers |= _found(f"{side}.chunk_{chunk}", group)
        numbers |= _found(f"chunk_{chunk}", found[headline])
    top = streams_at_slo(trials, headline, chunks[-1], slo)
    plain = {"streams_at_slo": float(top[0].streams) if top else 0.0, **(load_numbers(top) if top else {})}
    return {**plain, **_peer(numbers, headline, sides, chunks), **_promised(trials, headline), **numbers}


def doubts(trials: Sequence[StreamTrial], plan: StreamPlan, peer: str | None = None) -> list[str]:
    """Why the numbers may not be quoted: too few runs, a busy machine, clients that came late, or other texts.

    The texts of a `peer` may depend on who shares its batches; how many do is in its trials.
    """
    groups = grouped(trials, "fixed", "confirm")
    kept = {key: group for key, group in groups.items() if not _given_up(group, plan.slo_seconds)}
    reasons = trial_reasons({key: [t.chunk.count / t.wall_seconds for t in group] for key, group in kept.items()})
    reasons += contention_reasons({key: [t.foreign_share for t in group] for key, group in groups.items()})
    for key, group in groups.items():
        late, different = max(t.late.p95 for t in group), sum(t.different for t in group)
        if late > MOST_LATE_SECONDS:
            reasons.append(f"{key}: clients sent {late * 1000:.0f} ms late, at most {MOST_LATE_SECONDS * 1000:.0f} ms")
        if different and group[0].side != peer:
            reasons.append(f"{key}: {different} of {sum(t.utterances for t in group)} texts differ from offline ones")
    for chunk in plan.chunks:
        if any(t.purpose == "search" and t.streams == plan.highest and t.holds(plan.slo_seconds) for t in trials):
            reasons.append(f"chunk_{chunk}: the search ended at its limit of {plan.highest} streams")
    return reasons


def _given_up(trials: Sequence[StreamTrial], slo: float) -> bool:
    """Whether a number of streams was run once more and then not again, because it did not hold: no figure is of it."""
    return trials[-1].purpose == "confirm" and not trials[-1].holds(slo)


def _found(prefix: str, group: Sequence[StreamTrial]) -> Numbers:
    numbers = load_numbers(group) if group else {}
    streams = float(group[0].streams) if group else 0.0
    return {f"{prefix}.streams_at_slo": streams, **{f"{prefix}.at_slo.{name}": v for name, v in numbers.items()}}


def _peer(numbers: Numbers, headline: str, sides: Sequence[str], chunks: Sequence[int]) -> Numbers:
    """What a peer reached, how many times as many streams the headline serves, and at which share of the CPU."""
    others = [side for side in sides if side != headline]
    if not others:
        return {}
    found: Numbers = {}
    for chunk in chunks:
        prefix, names = f"chunk_{chunk}.", (f"{others[0]}.chunk_{chunk}", f"{headline}.chunk_{chunk}")
        theirs, ours = (numbers[f"{name}.streams_at_slo"] for name in names)
        found |= {f"{prefix}streams_ratio": ours / theirs} if theirs else {}
        cpu = [numbers.get(f"{name}.streams_64.cpu_seconds_per_stream_second") for name in names]
        found |= {f"{prefix}cpu_per_stream_ratio": cpu[1] / cpu[0]} if cpu[0] and cpu[1] else {}
    largest = f"chunk_{chunks[-1]}."
    plain = {name.removeprefix(largest): value for name, value in found.items() if name.startswith(largest)}
    return {"peer.streams_at_slo": numbers[f"{others[0]}.{largest}streams_at_slo"], **plain, **found}


def _promised(trials: Sequence[StreamTrial], headline: str) -> Numbers:
    """Numbers over several loads: 64 streams at their worst, the largest chunk's growth, and overload."""
    own = [t for t in trials if t.side == headline and t.purpose == "fixed"]
    many = [load_numbers(group) for group in grouped([t for t in own if t.streams == 64], "fixed").values()]
    found = {f"at_64.{name}": max(n[of] for n in many) for name, of in AT_64.items()} if many else {}
    largest = max((t.chunk_milliseconds for t in own), default=0)
    cpu = {
        t.streams: load_numbers([u for u in own if u.key == t.key])["cpu_seconds_per_stream_second"]
        for t in own
        if t.chunk_milliseconds == largest
    }
    if {16, 256} <= set(cpu):
        found["growth.cpu_per_stream_ratio"] = cpu[256] / cpu[16]
    for group in grouped(trials, "overload").values():
        found |= {
            "overload.batch_fill": load_numbers(group)["batch_fill"],
            "overload.rung": float(max([group[0].rung, *(r for _, r in group[0].rungs)])),
        }
    back = [at for t in trials if t.purpose == "recovery" for at, rung in t.rungs if rung == 0]
    if back:
        found["overload.recovery_seconds"] = back[-1]
    return found


def _share(stages: Mapping[str, float]) -> float:
    """Of a worker's CPU time, what does not go into the encoder."""
    return sum(stages.get(stage, 0.0) for stage in PYTHON_STAGES) / (sum(stages.values()) or 1.0)


def _quantile(name: str) -> Callable[[StreamTrial], float]:
    return lambda trial: float(getattr(trial.chunk, name))


def _mean(trials: Sequence[StreamTrial], value: Callable[[StreamTrial], float]) -> float:
    return Distribution.of([value(t) for t in trials]).mean
