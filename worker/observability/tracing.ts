// Spans of attempts, sent by OTLP. Loaded only where OTEL_EXPORTER_OTLP_ENDPOINT is set, with the SDK of OpenTelemetry; its
// other variables (OTEL_TRACES_SAMPLER, OTEL_EXPORTER_OTLP_HEADERS, OTEL_BSP_…) are the SDK's.
import {
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { parseTraceparent } from '../../delivery/context.ts'
import type { Endpoint } from '../../delivery/endpoint.ts'
import type { Leased, Settlement } from '../../delivery/types.ts'
import { version } from '../../delivery/version.ts'
import {
  outcomeAttributes,
  processAttributes,
  processSpan,
  requestAttributes,
  requestSpan,
  serviceName,
} from './semantic-conventions.ts'
import type { AttemptSpan, Tracing } from './traced.ts'

export function openTracing(url: string, listener: string): Tracing {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({
      'service.name': process.env.OTEL_SERVICE_NAME ?? serviceName,
      'service.version': version,
      'service.instance.id': listener,
    }),
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: `${url.replace(/\/$/, '')}/v1/traces` })),
    ],
  })
  const tracer = provider.getTracer('outbox', version)
  return {
    begin(delivery, endpoint) {
      const attempt = startAttempt(tracer, delivery, endpoint)
      const request = tracer.startSpan(
        requestSpan,
        { kind: SpanKind.CLIENT, attributes: requestAttributes(delivery, endpoint) },
        trace.setSpan(ROOT_CONTEXT, attempt),
      )
      return attemptSpan(attempt, request)
    },
    // Also what has not been sent yet. A collector that does not answer holds up no stop for long.
    close: () => provider.shutdown().catch(() => {}),
  }
}

/**
 * A first attempt belongs to the writer's trace. A retry may come days later, when nobody looks at that trace any more, so it
 * begins one of its own and is linked to the writer's. What the sampler leaves out of the writer's trace stays out.
 */
function startAttempt(tracer: Tracer, delivery: Leased, endpoint: Endpoint): Span {
  const options = { kind: SpanKind.CONSUMER, attributes: processAttributes(delivery, endpoint) }
  const writer = delivery.traceparent === null ? null : spanContextOf(delivery.traceparent)
  if (writer === null) return tracer.startSpan(processSpan, options, ROOT_CONTEXT)
  const inWriters = tracer.startSpan(processSpan, options, trace.setSpanContext(ROOT_CONTEXT, writer))
  if (delivery.attempt === 1 || !inWriters.isRecording()) return inWriters
  return tracer.startSpan(processSpan, { ...options, links: [{ context: writer }] }, ROOT_CONTEXT)
}

function spanContextOf(traceparent: string): SpanContext | null {
  const found = parseTraceparent(traceparent)
  if (found === null) return null
  const { traceId, spanId, flags } = found
  return { traceId, spanId, traceFlags: flags & TraceFlags.SAMPLED, isRemote: true }
}

function attemptSpan(attempt: Span, request: Span): AttemptSpan {
  const end = (attributes: Record<string, string | number>, isError: boolean) => {
    for (const span of [request, attempt]) {
      span.setAttributes(attributes)
      if (isError) span.setStatus({ code: SpanStatusCode.ERROR })
      span.end()
    }
  }
  const { traceId, spanId, traceFlags } = request.spanContext()
  return {
    traceparent: `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`,
    end: (settlement: Settlement) => end(outcomeAttributes(settlement), settlement.error !== null),
    fail: (error: string) => end({ 'error.type': error }, true),
  }
}
