"""Traces to OpenTelemetry, where the operator has a collector; otherwise nothing is loaded and nothing is sent."""

import os
from importlib import import_module

from django.core.exceptions import ImproperlyConfigured

#: What records spans by itself once it is installed; none of them sees bodies, and paths are routes.
INSTRUMENTORS = {
    "opentelemetry.instrumentation.django": "DjangoInstrumentor",
    "opentelemetry.instrumentation.celery": "CeleryInstrumentor",
    "opentelemetry.instrumentation.psycopg2": "Psycopg2Instrumentor",
    "opentelemetry.instrumentation.requests": "RequestsInstrumentor",
}


def trace_to_collector(release: str) -> bool:
    """Begin tracing if `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector; whether it does.

    Raises ImproperlyConfigured when the packages are missing: they are the operator's to add (docs/operations.md).
    """
    if not os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
        return False
    try:
        trace = import_module("opentelemetry.trace")
        provider = import_module("opentelemetry.sdk.trace").TracerProvider(
            resource=import_module("opentelemetry.sdk.resources").Resource.create(
                {"service.name": "ignition", "service.version": release}
            )
        )
        exporter = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter").OTLPSpanExporter()
        batches = import_module("opentelemetry.sdk.trace.export").BatchSpanProcessor(exporter)
        instrumentors = [getattr(import_module(module), name) for module, name in INSTRUMENTORS.items()]
    except ModuleNotFoundError as missing:
        raise ImproperlyConfigured(
            f"OTEL_EXPORTER_OTLP_ENDPOINT is set, but {missing.name} is not installed. docs/operations.md lists the"
            " packages; add them to the image, or unset the variable."
        ) from missing
    provider.add_span_processor(batches)
    trace.set_tracer_provider(provider)
    for instrumentor in instrumentors:
        instrumentor().instrument()
    return True
