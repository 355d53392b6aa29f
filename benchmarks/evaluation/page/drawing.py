"""Pictures of rates as SVG."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape

WIDTH, LABELS, ROW = 1000, 400, 24
TICKS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0)  # steps of the scale, in per cent


@dataclass(frozen=True, slots=True)
class Spread:
    """A rate in per cent with its interval."""

    label: str
    rate: float
    low: float
    high: float


def spreads(rows: Sequence[Spread], unit: str) -> str:
    """A line for each rate: the interval, and the rate as a dot on it."""
    most = max(row.high for row in rows) or 1.0
    step = next((tick for tick in TICKS if most / tick <= 8), TICKS[-1])
    scale = (WIDTH - LABELS - 60) / (step * -(-most // step))
    height = ROW * (len(rows) + 2)
    marks, tick = [], 0.0
    while LABELS + tick * scale <= WIDTH - 59:
        x = LABELS + tick * scale
        marks.append(f'<line class="line" x1="{x:.1f}" x2="{x:.1f}" y1="{ROW}" y2="{height - ROW}"/>')
        marks.append(f'<text class="soft" x="{x:.1f}" y="{height - 6}" text-anchor="middle">{tick:g} %</text>')
        tick += step
    lines = [_spread(row, ROW * (place + 1.5), scale) for place, row in enumerate(rows)]
    title = f'<text class="soft" x="{LABELS}" y="14">{escape(unit)}</text>'
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{title}{"".join(marks)}{"".join(lines)}</svg>'


def _spread(row: Spread, y: float, scale: float) -> str:
    low, high, middle = (LABELS + value * scale for value in (row.low, row.high, row.rate))
    return (
        f'<text x="{LABELS - 12}" y="{y + 4:.1f}" text-anchor="end">{escape(row.label)}</text>'
        f'<line class="spread" x1="{low:.1f}" x2="{high:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
        f'<circle class="dot" cx="{middle:.1f}" cy="{y:.1f}" r="4.5"/>'
        f'<text class="soft" x="{high + 8:.1f}" y="{y + 4:.1f}">{row.rate:.1f}</text>'
    )


@dataclass(frozen=True, slots=True)
class Point:
    """What something costs, and its error rate in per cent. `front`: nothing is better in both."""

    label: str
    cost: float
    rate: float
    front: bool


def pareto(points: Sequence[Point], cost: str, rate: str) -> str:
    """Cost to the right, errors upwards; the front is a dashed line. Points in one place share a label."""
    points = list(_merged(points))
    height, left, right = 380, 70, WIDTH - 230
    most, worst = max(p.cost for p in points) or 1.0, max(p.rate for p in points) or 1.0

    def place(point: Point) -> tuple[float, float]:
        return left + point.cost / most * (right - left), height - 40 - point.rate / worst * (height - 80)

    dots = "".join(
        f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="5"/><text x="{x + 9:.1f}" y="{y + 4:.1f}">'
        f"{escape(point.label)}: {point.rate:.1f} %</text>"
        for point in points
        for x, y in (place(point),)
    )
    front = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(place, sorted((p for p in points if p.front), key=_cost)))
    axes = (
        f'<line class="line" x1="{left}" x2="{WIDTH - 20}" y1="{height - 40}" y2="{height - 40}"/>'
        f'<line class="line" x1="{left}" x2="{left}" y1="20" y2="{height - 40}"/>'
        f'<text class="soft" x="{WIDTH - 20}" y="{height - 16}" text-anchor="end">{escape(cost)}</text>'
        f'<text class="soft" x="{left}" y="14">{escape(rate)}</text>'
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img">{axes}<polyline class="front" points="{front}"/>{dots}</svg>'
    )


def _merged(points: Sequence[Point]) -> Iterator[Point]:
    places: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        places.setdefault((f"{point.cost:.5f}", f"{point.rate:.2f}"), []).append(point)
    for same in places.values():
        label = same[0].label if len(same) == 1 else f"{same[0].label}, and {len(same) - 1} more"
        yield replace(same[0], label=label, front=any(point.front for point in same))


def _cost(point: Point) -> float:
    return point.cost


def as_file(svg: str, title: str, style: str) -> str:
    """A picture that needs nothing else: with its style, its ground, and a title for those who cannot see it."""
    head, inside = svg.split(">", 1)
    ground = f'<title>{escape(title)}</title><style>{style}</style><rect class="ground" width="100%" height="100%"/>'
    return f'{head} xmlns="http://www.w3.org/2000/svg">{ground}{inside}\n'
