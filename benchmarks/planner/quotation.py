"""What docs/kubernetes.md says of the planner, written from the committed result and never by hand."""

import sys
from pathlib import Path

from speechtrt.artifact import write_bytes
from speechtrt.benchmarks.headline import RESULTS, quotable_result, updated
from speechtrt.benchmarks.measure.markdown import markdown_table
from speechtrt.benchmarks.planner.report import NAME, capacity_rows


def quotation(results: Path) -> str:
    """The block between the page's markers; empty without a result. Raises DataError when it may not be quoted."""
    if not (results / f"{NAME}.json").is_file():
        return ""
    document = quotable_result(results, NAME)
    summary, [bar] = document["summary"], document["bars"]
    return "\n".join(
        [
            markdown_table(capacity_rows(summary)),
            "",
            f"Two CPU cores, one for each server and its clients; means of {document['load']['trials']} rounds. A "
            f"neighbour makes steps {summary['neighbour.step_ratio']:.2f} times as long, and two servers at once serve "
            f"{summary['neighbour.streams_ratio']:.0%} of twice what one serves alone. The bar is {bar['bar']:.0%} "
            f"between plan and measurement, and was {'kept' if bar['passed'] else 'MISSED'} "
            f"([result](../benchmarks/results/cpu/{NAME}.json), [method](benchmarks.md#the-planner)).",
        ]
    )


if __name__ == "__main__":
    target = Path(sys.argv[1])
    write_bytes(target, updated(target.read_text(), quotation(RESULTS)).encode())
