// The settings of an endpoint, each with its default. Everything else about them is made from this table: what may be
// given, changed and shown. A setting has the name of its column (drizzle/schema/outbox.ts).
import { z } from '@hono/zod-openapi'
import { maxRetries, maxRetryWaitSeconds } from '../../delivery/settings.ts'
import { maxUrlLength } from '../../delivery/url.ts'
import {
  endpointKind,
  type endpoints,
  ordering,
  signing,
  webhookFormat,
} from '../../drizzle/schema/outbox.ts'
import { double, text, wholeNumber } from '../openapi/schemas.ts'

const EventType = text(200).regex(
  /^(\*|\w+(\.\w+)*(\.\*)?)$/,
  'must be an event type such as order.shipped, or a prefix such as order.*',
)

export const EventTypes = z
  .array(EventType)
  .min(1, 'must name at least one; leave it out for all')
  .max(100, 'must not name more than 100')
  .nullable()
  .openapi({ description: 'null = all; `order.*` matches `order.shipped`', example: ['order.*'] })

export const Signing = z.enum(signing.enumValues)

/** As they are given for a new endpoint. One without a default is required. */
export const givenSettings = {
  name: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,100}$/, 'must be 1 to 100 letters, digits, . _ or -')
    .nullable()
    .openapi({
      description: 'Yours to choose, and no two endpoints of a tenant have the same',
      example: 'billing',
    })
    .default(null),
  kind: z
    .enum(endpointKind.enumValues)
    .openapi({
      description:
        'push = webhooks are posted to the URL. pull = its receiver fetches them: `POST /v1/endpoints/{id}/pull`; nothing is posted to the URL, which may be https://pull.invalid/',
    })
    .default('push'),
  url: text(maxUrlLength).regex(/^https?:\/\//, 'must begin with https://'),
  description: text(1000).nullable().default(null),
  event_types: EventTypes.default(null),
  tenant: text(1000).nullable().openapi({ description: "null = every tenant's events" }).default(null),
  signing: Signing.default('hmac'),
  ordering: z
    .enum(ordering.enumValues)
    .openapi({ description: 'key = events with the same key arrive one after the other' })
    .default('none'),
  format: z
    .enum(webhookFormat.enumValues)
    .openapi({
      description:
        'slack = the body is `{"text":"…"}`, one message for people, as Slack and what imitates it want it',
    })
    .default('standard'),
  max_in_flight: wholeNumber(1, 1000).default(32),
  rate_per_second: double({ above: 0, atMost: 10_000 })
    .nullable()
    .openapi({ description: 'null = no limit' })
    .default(null),
  timeout_seconds: double({ above: 0, atMost: 60 })
    .nullable()
    .openapi({ description: 'null = OUTBOX_REQUEST_TIMEOUT_SECONDS' })
    .default(null),
  retry_schedule: z
    .array(double({ atMost: maxRetryWaitSeconds }))
    .max(maxRetries, `must not have more than ${maxRetries} waits`)
    .nullable()
    .openapi({
      description: 'Seconds to wait after attempt 1, 2, …; null = OUTBOX_RETRY_SCHEDULE',
      example: [5, 300, 3600],
    })
    .default(null),
  sequence: z
    .boolean()
    .openapi({
      description:
        'true = its deliveries are numbered without a gap, in the header `outbox-sequence`: `GET /v1/endpoints/{id}/sequence` tells which there were',
    })
    .default(false),
  expires_after_idle_seconds: wholeNumber(60, 31_536_000)
    .nullable()
    .openapi({ description: 'With kind pull: disabled when nobody has pulled for so long; null = never' })
    .default(null),
}

export type SettingName = keyof typeof givenSettings
export const settingNames = Object.keys(givenSettings) as readonly SettingName[]

type WithoutDefaults<Fields> = {
  [Name in keyof Fields]: Fields[Name] extends z.ZodDefault<infer Schema> ? Schema : Fields[Name]
}

/** As they are shown. */
export const shownSettings = Object.fromEntries(
  Object.entries(givenSettings).map(([name, schema]) => [
    name,
    schema instanceof z.ZodDefault ? schema.unwrap() : schema,
  ]),
) as WithoutDefaults<typeof givenSettings>

export type EndpointRow = typeof endpoints.$inferSelect

/** Does not compile for a setting without a column. */
export function settingsOf(row: EndpointRow): Pick<EndpointRow, SettingName> {
  return Object.fromEntries(settingNames.map(name => [name, row[name]])) as Pick<EndpointRow, SettingName>
}
