// The trace that a sample of a histogram stands for: from a bar of the chart to one request.
// https://github.com/prometheus/OpenMetrics/blob/main/specification/OpenMetrics.md#exemplars
import { parseTraceparent } from '../../delivery/context.ts'

/** None for a trace that nobody records: it would lead nowhere. */
export function exemplarOf(traceparent: string | null): Record<string, string> {
  const context = traceparent === null ? null : parseTraceparent(traceparent)
  return context && context.flags & 1 ? { trace_id: context.traceId, span_id: context.spanId } : none
}

const none = {}
