"""What a server says of itself at `/metrics`."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from speechtrt.errors import BenchmarkError

SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Samples: name, labels, value."""

    samples: tuple[tuple[str, Mapping[str, str], float], ...]

    def total(self, name: str, **labels: str) -> float:
        """The sum over every series of `speechtrt_<name>` that has these labels."""
        found = [s for s in self.samples if s[0] == f"speechtrt_{name}"]
        return sum(value for _, have, value in found if labels.items() <= dict(have).items())

    def by(self, name: str, label: str) -> dict[str, float]:
        """`speechtrt_<name>` by the values of one label."""
        values = dict.fromkeys(have[label] for n, have, _ in self.samples if n == f"speechtrt_{name}")
        return {value: self.total(name, **{label: value}) for value in values}


def scrape(port: int) -> Figures:
    """Ask the server on this machine. Raises BenchmarkError."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    except (OSError, http.client.HTTPException) as error:
        raise BenchmarkError(f"the server does not answer at /metrics ({error!r}); look at its log") from error
    finally:
        connection.close()
    families = text_string_to_metric_families(text)
    return Figures(tuple((s.name, s.labels, s.value) for family in families for s in family.samples))
