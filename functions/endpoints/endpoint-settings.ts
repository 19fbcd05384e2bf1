// What may be said about an endpoint, at first and later: the shape is the schema's business, what depends on our settings
// is checked after.
import { z } from '@hono/zod-openapi'
import { checkHeaders } from '../../delivery/headers.ts'
import {
  type DeliverySettings,
  leaseMarginSeconds,
  maxRetries,
  maxRetryWaitSeconds,
} from '../../delivery/settings.ts'
import { checkEndpointUrl, maxUrlLength } from '../../delivery/url.ts'
import { ordering, signing } from '../../drizzle/schema/outbox.ts'
import type { InputError } from '../http/problem.ts'
import { double, text, wholeNumber } from '../openapi/schemas.ts'

const EventType = text(200).regex(
  /^(\*|\w+(\.\w+)*(\.\*)?)$/,
  'must be an event type such as order.shipped, or a prefix such as order.*',
)

/** What is given once and shown ever after. */
export const endpointFields = {
  url: text(maxUrlLength).regex(/^https?:\/\//, 'must begin with https://'),
  description: text(1000).nullable(),
  event_types: z
    .array(EventType)
    .min(1, 'must name at least one; leave it out for all')
    .max(100, 'must not name more than 100')
    .nullable()
    .openapi({ description: 'null = all; `order.*` matches `order.shipped`', example: ['order.*'] }),
  tenant: text(1000).nullable().openapi({ description: "null = every tenant's events" }),
  signing: z.enum(signing.enumValues),
  ordering: z
    .enum(ordering.enumValues)
    .openapi({ description: 'key = events with the same key arrive one after the other' }),
  max_in_flight: wholeNumber(1, 1000),
  rate_per_second: double({ above: 0, atMost: 10_000 })
    .nullable()
    .openapi({ description: 'null = no limit' }),
  timeout_seconds: double({ above: 0, atMost: 60 })
    .nullable()
    .openapi({ description: 'null = OUTBOX_REQUEST_TIMEOUT_SECONDS' }),
  retry_schedule: z
    .array(double({ atMost: maxRetryWaitSeconds }))
    .max(maxRetries, `must not have more than ${maxRetries} waits`)
    .nullable()
    .openapi({
      description: 'Seconds to wait after attempt 1, 2, …; null = OUTBOX_RETRY_SCHEDULE',
      example: [5, 300, 3600],
    }),
}

const Headers = z
  .record(z.string(), z.string())
  .openapi({ description: 'Sent with every webhook; never shown again' })

const Secret = z
  .string()
  .openapi({ description: 'An existing `whsec_…` or `whsk_…` to go on with; left out, a new one is made' })

export const NewEndpoint = z
  .strictObject({
    url: endpointFields.url,
    description: endpointFields.description.default(null),
    event_types: endpointFields.event_types.default(null),
    tenant: endpointFields.tenant.default(null),
    headers: Headers.default({}),
    signing: endpointFields.signing.default('hmac'),
    ordering: endpointFields.ordering.default('none'),
    max_in_flight: endpointFields.max_in_flight.default(32),
    rate_per_second: endpointFields.rate_per_second.default(null),
    timeout_seconds: endpointFields.timeout_seconds.default(null),
    retry_schedule: endpointFields.retry_schedule.default(null),
    secret: Secret.optional(),
  })
  .openapi('NewEndpoint')

export type NewEndpoint = z.infer<typeof NewEndpoint>

/** What is left out stays, null goes back to the default. */
export const EndpointChanges = z
  .strictObject({
    url: endpointFields.url.optional(),
    description: endpointFields.description.optional(),
    event_types: endpointFields.event_types.optional(),
    tenant: endpointFields.tenant.optional(),
    headers: Headers.nullable().optional(),
    ordering: endpointFields.ordering.optional(),
    max_in_flight: endpointFields.max_in_flight.optional(),
    rate_per_second: endpointFields.rate_per_second.optional(),
    timeout_seconds: endpointFields.timeout_seconds.optional(),
    retry_schedule: endpointFields.retry_schedule.optional(),
  })
  .openapi('EndpointChanges')

export type EndpointChanges = z.infer<typeof EndpointChanges>

export const Rotation = z
  .strictObject({
    overlap_seconds: wholeNumber(0, 604_800)
      .default(86_400)
      .openapi({ description: 'How long the old key goes on signing beside the new one' }),
    signing: endpointFields.signing.optional().openapi({ description: 'Left out, the kind stays' }),
    secret: Secret.optional(),
  })
  .openapi('Rotation')

export function checkEndpoint(endpoint: EndpointChanges, settings: DeliverySettings): InputError[] {
  return [
    ...urlErrors(endpoint, settings),
    ...checkHeaders(endpoint.headers ?? {}).map(({ name, problem }) => ({
      path: name === '' ? 'headers' : `headers.${name}`,
      message: problem,
    })),
    ...timeoutErrors(endpoint, settings),
  ]
}

function urlErrors({ url }: EndpointChanges, settings: DeliverySettings): InputError[] {
  if (url === undefined) return []
  const checked = checkEndpointUrl(url, settings)
  return checked.ok ? [] : [{ path: 'url', message: checked.problem }]
}

/** Else the lease of a slow delivery would end while its request is under way, and it would be sent twice. */
function timeoutErrors(
  { timeout_seconds = null }: EndpointChanges,
  { leaseSeconds }: DeliverySettings,
): InputError[] {
  const longest = leaseSeconds - leaseMarginSeconds
  if (timeout_seconds === null || timeout_seconds <= longest) return []
  return [{ path: 'timeout_seconds', message: `must be at most ${longest}` }]
}
