"""Traces to OpenTelemetry, where the operator has a collector; otherwise nothing is loaded and nothing is sent."""

import os
from importlib import import_module
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from practices.logs import without_secrets

#: What records spans by itself once it is installed; none of them sees bodies.
INSTRUMENTORS = {
    "opentelemetry.instrumentation.django": "DjangoInstrumentor",
    "opentelemetry.instrumentation.celery": "CeleryInstrumentor",
    "opentelemetry.instrumentation.psycopg2": "Psycopg2Instrumentor",
    "opentelemetry.instrumentation.requests": "RequestsInstrumentor",
}
#: Where they note an address, by the older and the newer of their conventions.
ADDRESSES = ("http.url", "http.target", "url.full", "url.path")


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
        instrumentor().instrument(request_hook=without_particulars)
    return True


def without_particulars(span: Any, *_: object) -> None:
    """Take out of a span's addresses what opens something, and what was searched for."""
    for name in ADDRESSES:
        if address := (span.attributes or {}).get(name):
            span.set_attribute(name, without_secrets(address.partition("?")[0]))
    if (span.attributes or {}).get("url.query"):
        span.set_attribute("url.query", "")
