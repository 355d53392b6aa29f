"""OpenTelemetry spans, one per request and one per stage of it; nothing at all unless traces are asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.core.incoming import TRACE_HEADER, current
from speechtrt.runtime.serving.core.ports import ModelCard

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer


@dataclass(frozen=True, slots=True)
class _Open:
    """A span that has not ended, and what makes its children."""

    tracer: "Tracer"
    span: "Span"


_SPAN: ContextVar[_Open | None] = ContextVar("span", default=None)


@dataclass(frozen=True, slots=True)
class Tracing:
    """Traces of every request, or of none. Transcripts are never in them."""

    provider: "TracerProvider | None" = None

    @classmethod
    def to(cls, endpoint: str | None) -> "Tracing":
        """Send spans by OTLP over HTTP to this URL; None sends none. Raises ConfigError without the packages."""
        if endpoint is None:
            return cls()
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError as error:
            raise ConfigError(
                f"traces need OpenTelemetry ({error.name} is missing); pip install 'speechtrt[otel]'"
            ) from error
        provider = TracerProvider(resource=Resource.create({"service.name": "speechtrt"}), shutdown_on_exit=False)
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
        return cls(provider)

    @contextmanager
    def request(self, card: ModelCard) -> Iterator[None]:
        """The block serves one request of a model; it belongs to the client's trace if there is one."""
        if self.provider is None:
            yield
            return
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        incoming = current()
        trace = {TRACE_HEADER: incoming.trace} if incoming and incoming.trace else {}
        attributes = {"model": card.name, "version": card.version, "engine": card.engine}
        tracer = self.provider.get_tracer("speechtrt")
        context = TraceContextTextMapPropagator().extract(trace)
        span = tracer.start_span("request", context, attributes=attributes)
        span.set_attribute("request_id", incoming.id if incoming else "")
        with _entered(_Open(tracer, span)):
            yield

    def close(self) -> None:
        """Send what is left; it may take seconds."""
        if self.provider is not None:
            self.provider.shutdown()


@contextmanager
def stage(name: str) -> Iterator[None]:
    """The block is one stage of the request that the running task serves."""
    parent = _SPAN.get()
    if parent is None:
        yield
        return
    from opentelemetry.trace import set_span_in_context

    span = parent.tracer.start_span(name, set_span_in_context(parent.span))
    with _entered(_Open(parent.tracer, span)):
        yield


@contextmanager
def _entered(opened: _Open) -> Iterator[None]:
    before = _SPAN.get()
    _SPAN.set(opened)
    try:
        yield
    except BaseException as error:
        from opentelemetry.trace import StatusCode

        opened.span.set_status(StatusCode.ERROR, type(error).__name__)
        raise
    finally:
        _SPAN.set(before)
        opened.span.end()
