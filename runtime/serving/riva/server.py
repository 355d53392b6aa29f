"""The gRPC server: services and methods under the names that Riva's clients call."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from speechtrt.errors import ConfigError
from speechtrt.runtime.serving.core.service import Service
from speechtrt.runtime.serving.riva.health import Health
from speechtrt.runtime.serving.riva.recognition import Recognition
from speechtrt.runtime.serving.riva.synthesis import Synthesis
from speechtrt.runtime.serving.riva.wire import messages_pb2 as wire

ASR, TTS = "nvidia.riva.asr.RivaSpeechRecognition", "nvidia.riva.tts.RivaSpeechSynthesis"
HEALTH = "grpc.health.v1.Health"
STOP_SECONDS = 1.0


@asynccontextmanager
async def grpc_server(service: Service, address: str, tls: tuple[Path, Path] | None = None) -> AsyncIterator[int]:
    """Serve at `address` (host:port, port 0 takes a free one) for the block; the port. Raises ConfigError."""
    options = [("grpc.max_receive_message_length", service.limits.body_bytes), ("grpc.so_reuseport", 0)]
    server = grpc.aio.server(options=options)
    server.add_generic_rpc_handlers(_handlers(service))
    try:
        port = server.add_insecure_port(address) if tls is None else server.add_secure_port(address, _credentials(*tls))
    except RuntimeError as error:
        raise ConfigError(f"cannot listen at {address} for gRPC ({error}); choose another --grpc-port") from error
    await server.start()
    try:
        yield port
    finally:
        await server.stop(STOP_SECONDS)


def _handlers(service: Service) -> tuple[grpc.GenericRpcHandler, ...]:
    asr, tts, health = Recognition(service), Synthesis(service), Health(service.lifecycle, (ASR, TTS))
    unary, watching, both = (
        grpc.unary_unary_rpc_method_handler,
        grpc.unary_stream_rpc_method_handler,
        grpc.stream_stream_rpc_method_handler,
    )
    return (
        _service(
            ASR,
            {
                "Recognize": _method(unary, asr.recognize, wire.RecognizeRequest),
                "StreamingRecognize": _method(both, asr.streaming_recognize, wire.StreamingRecognizeRequest),
                "GetRivaSpeechRecognitionConfig": _method(unary, asr.config, wire.ConfigRequest),
            },
        ),
        _service(
            TTS,
            {
                "Synthesize": _method(unary, tts.synthesize, wire.SynthesizeRequest),
                "SynthesizeOnline": _method(both, tts.synthesize_online, wire.SynthesizeRequest),
                "GetRivaSynthesisConfig": _method(unary, tts.config, wire.ConfigRequest),
            },
        ),
        _service(
            HEALTH,
            {
                "Check": _method(unary, health.check, wire.HealthCheckRequest),
                "Watch": _method(watching, health.watch, wire.HealthCheckRequest),
            },
        ),
    )


def _service(name: str, methods: Mapping[str, Any]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(name, methods)


def _method(kind: Any, call: Any, request: Any) -> Any:
    """Responses know how to write themselves, requests are read by their type."""
    return kind(call, request_deserializer=request.FromString, response_serializer=lambda m: m.SerializeToString())


def _credentials(certificate: Path, key: Path) -> grpc.ServerCredentials:
    try:
        return grpc.ssl_server_credentials([(key.read_bytes(), certificate.read_bytes())])
    except OSError as error:
        raise ConfigError(f"{error.filename}: cannot be read ({error.strerror}); it is needed for TLS") from error
