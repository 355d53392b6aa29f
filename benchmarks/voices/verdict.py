"""Judged figures in words."""

from collections.abc import Sequence

from speechtrt.quality import Better, QualityFigure


def in_words(figure: QualityFigure) -> str:
    """What one figure says: whether there is a difference, which way, and whether it is allowed."""
    if figure.delta is None or figure.low is None or figure.high is None:
        return "could not be computed"
    if figure.low <= 0.0 <= figure.high:
        found = "no evidence of a difference"
    else:
        found = "better" if (figure.delta < 0) == (figure.better is Better.LOWER) else "worse"
    if figure.limit is None:
        return found
    return f"{found}; {'within' if figure.passed else 'OVER'} the limit"


def set_in_words(figures: Sequence[QualityFigure]) -> str:
    """Accept or refuse, and why."""
    over = [figure.metric for figure in figures if not figure.passed]
    if over:
        return f"refuse: {' and '.join(over)} {'is' if len(over) == 1 else 'are'} worse than allowed"
    return "accept: nothing is worse than allowed"
