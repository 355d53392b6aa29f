"""Which series a server exports, so that no query asks for one that does not exist."""

import re
from collections.abc import Iterable
from pathlib import Path

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from speechtrt.deploy.shadow.counts import Counts
from speechtrt.errors import DeployError
from speechtrt.runtime.serving.core.catalogue import Catalogue
from speechtrt.runtime.serving.core.keys import Keyring
from speechtrt.runtime.serving.core.lifecycle import Lifecycle
from speechtrt.runtime.serving.core.limits import Limits
from speechtrt.runtime.serving.core.service import Service

OURS = re.compile(r"\bspeechtrt_\w+")
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}


def exported_series(page: Path | None = None) -> frozenset[str]:
    """Series of this version's server, or of a saved page of /metrics, and of the shadow. Raises DeployError."""
    return _series(Counts(()).registry.collect()) | _served(page)


def _served(page: Path | None) -> frozenset[str]:
    if page is None:
        service = Service.of(Catalogue.of([], [], {}, Limits()), Keyring.of(()), Limits(), Lifecycle())
        return _series(service.metrics.registry.collect())
    try:
        return _series(text_string_to_metric_families(page.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        raise DeployError(f"{page}: is no page of metrics ({error}); save what a server answers at /metrics") from error


def series_of(query: str) -> list[str]:
    """The series of ours that a query names, in its order."""
    return OURS.findall(query)


def expect_exported(queries: Iterable[str], series: frozenset[str]) -> None:
    """Raise DeployError for the first query that asks for a series that is not there."""
    for query in queries:
        if missing := sorted(set(series_of(query)) - series):
            raise DeployError(
                f"the server does not export {missing[0]}, which {query[:100]!r} asks for; "
                "deploy a server of this version, or give its own /metrics page with --metrics"
            )


def _series(families: Iterable[Metric]) -> frozenset[str]:
    return frozenset(f"{f.name}{suffix}" for f in families for suffix in SUFFIXES.get(f.type, ("",)))
