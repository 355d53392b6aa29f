"""Words of a reference against those of a hypothesis, with the costs of NIST's sclite."""

from collections.abc import Sequence
from dataclasses import dataclass

SUBSTITUTION, INSERTION, DELETION = 4, 3, 3  # sclite's: two unlike words beside each other are one error, not two

Pair = tuple[str | None, str | None]  # of the reference and of the hypothesis; None where there is no word


@dataclass(frozen=True, slots=True)
class Alignment:
    """Pairs in order, each a hit, a substitution, a deletion (no hypothesis) or an insertion (no reference)."""

    pairs: tuple[Pair, ...]

    @property
    def substitutions(self) -> int:
        """Words heard as others."""
        return sum(a is not None and b is not None and a != b for a, b in self.pairs)

    @property
    def deletions(self) -> int:
        """Words that were not heard."""
        return sum(b is None for _, b in self.pairs)

    @property
    def insertions(self) -> int:
        """Words that were not said."""
        return sum(a is None for a, _ in self.pairs)

    @property
    def errors(self) -> int:
        """All of them."""
        return sum(a != b for a, b in self.pairs)

    @property
    def tokens(self) -> int:
        """Words of the reference."""
        return sum(a is not None for a, _ in self.pairs)


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> Alignment:
    """The cheapest alignment; of equally cheap ones that with words beside each other as late as possible."""
    table = _costs(reference, hypothesis)
    pairs: list[Pair] = []
    i, j = len(reference), len(hypothesis)
    while i or j:
        here = table[i][j]
        if i and j and here == table[i - 1][j - 1] + SUBSTITUTION * (reference[i - 1] != hypothesis[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((reference[i], hypothesis[j]))
        elif j and here == table[i][j - 1] + INSERTION:
            j -= 1
            pairs.append((None, hypothesis[j]))
        else:
            i -= 1
            pairs.append((reference[i], None))
    return Alignment(tuple(reversed(pairs)))


def _costs(reference: Sequence[str], hypothesis: Sequence[str]) -> list[list[int]]:
    """Least cost of aligning the first i words of one with the first j of the other."""
    row = [INSERTION * j for j in range(len(hypothesis) + 1)]
    table = [row]
    for i, wanted in enumerate(reference, 1):
        above, row = row, [DELETION * i]
        left = row[0]
        for j, found in enumerate(hypothesis, 1):
            left = min(above[j] + DELETION, left + INSERTION, above[j - 1] + SUBSTITUTION * (wanted != found))
            row.append(left)
        table.append(row)
    return table
