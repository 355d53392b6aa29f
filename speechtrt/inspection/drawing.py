"""Pictures of an engine set as inline SVG: which share of a stage has which precision, and what sparing it costs."""

import math
from html import escape

from speechtrt.engine_set import EngineStage
from speechtrt.fallback import FallbackSearch

WIDTH, STRIP, TALL = 960, 34, 120
THINNEST, WIDEST = 7, 40  # bars
LEAST_WIDTH = 3.0  # of a node without weights
FLOOR = 1e-4  # errors below this have no height


def precision_strip(stage: EngineStage) -> str:
    """One block for each heavy node in the order of the graph, as wide as its share of the weights."""
    total = sum(row.weights for row in stage.policy) or 1
    room = max(0.0, WIDTH - LEAST_WIDTH * len(stage.policy))
    parts, x = [], 0.0
    for row in stage.policy:
        width = LEAST_WIDTH + room * row.weights / total
        title = escape(f"{row.node} ({row.op}, {row.weights:,} weights): {row.precision}, {row.reason}")
        parts.append(
            f'<rect class="{row.precision}" x="{x:.2f}" width="{max(width - 0.6, 0.6):.2f}" height="{STRIP}">'
            f"<title>{title}</title></rect>"
        )
        x += width
    return _svg(max(x, 1.0), STRIP, parts, f"precision of each node of {stage.spec.name}")


def error_bars(search: FallbackSearch) -> str:
    """What each group does to the stage, or else to its own result, the worst first, on a logarithmic scale."""
    parts = []
    bar = min(WIDEST, max(THINNEST, WIDTH // max(1, len(search.groups))))
    for index, group in enumerate(search.groups):
        error = group.error if group.effect is None else group.effect
        tall = _height(error) * TALL
        said = "not finite" if error is None else f"{error:.2g}"
        title = escape(f"{', '.join(group.nodes)}: {said}")
        parts.append(
            f'<rect class="{"spared" if group.spared else "lowered"}" x="{index * bar}" y="{TALL - tall:.1f}" '
            f'width="{bar - 1}" height="{tall:.1f}"><title>{title}</title></rect>'
        )
    return _svg(max(len(search.groups) * bar, 1), TALL, parts, "error of each group", stretch=False)


def _height(error: float | None) -> float:
    """0 at FLOOR, 1 at an error as large as the result, or worse."""
    if error is None:
        return 1.0
    return min(1.0, max(0.02, 1 - math.log10(max(error, FLOOR)) / math.log10(FLOOR)))


def _svg(width: float, height: float, parts: list[str], label: str, *, stretch: bool = True) -> str:
    wide, fit = ("100%", "none") if stretch else (f"{width:g}", "xMinYMin")
    frame = f'viewBox="0 0 {width:g} {height:g}" width="{wide}" height="{height:g}" preserveAspectRatio="{fit}"'
    return f'<svg role="img" aria-label="{escape(label)}" {frame}>{"".join(parts)}</svg>'
