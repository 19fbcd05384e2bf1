// The trace that a sample of a histogram stands for: from a bar of the chart to one request.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md#exemplars

/** W3C Trace Context: version, trace, span, flags. The lowest flag says that the trace is recorded. */
const sampled = /^[\da-f]{2}-([\da-f]{32})-([\da-f]{16})-[\da-f][13579bdf]/

/** None for a trace that nobody records: it would lead nowhere. */
export function exemplarOf(traceparent: string | null): Record<string, string> {
  const [, traceId, spanId] = (traceparent && sampled.exec(traceparent)) || []
  return traceId === undefined ? none : { trace_id: traceId, span_id: spanId! }
}

const none = {}
