// Endpoints as clients of the API see and describe them: never their secrets, and never their headers again.
import { z } from '@hono/zod-openapi'
import { disabledReason, endpointState } from '../../drizzle/schema/outbox.ts'
import { Time, wholeNumber } from '../openapi/schemas.ts'
import { givenSettings, Signing, shownSettings } from './settings.ts'

export const ListedEndpoint = z
  .object({
    id: z.string().openapi({ example: 'ep_0000000000000001a1b2c3d4' }),
    ...shownSettings,
    state: z.enum(endpointState.enumValues),
    disabled_reason: z.enum(disabledReason.enumValues).nullable(),
    created_at: Time,
    updated_at: Time,
  })
  .openapi('ListedEndpoint')
export type ListedEndpoint = z.infer<typeof ListedEndpoint>

export const Key = z
  .object({
    signing: Signing,
    public_key: z.string().optional().openapi({ description: 'With ed25519: what receivers verify with' }),
    created_at: Time,
    expires_at: Time.nullable().openapi({ description: 'null = it signs until it is rotated' }),
  })
  .openapi('Key')
export type Key = z.infer<typeof Key>

export const Endpoint = ListedEndpoint.extend({
  keys: z.array(Key).openapi({ description: 'Those that sign now, the newest first' }),
}).openapi('Endpoint')
export type Endpoint = z.infer<typeof Endpoint>

/** Shown once, in the answer to the request that made it. */
export const ShownKey = {
  secret: z.string().optional().openapi({ description: 'With hmac: what webhooks are signed with' }),
  public_key: z.string().optional().openapi({ description: 'With ed25519: what webhooks verify with' }),
}

export const EndpointId = z.object({ id: z.string() })

const Headers = z
  .record(z.string(), z.string())
  .openapi({ description: 'Sent with every webhook; never shown again' })

const Secret = z
  .string()
  .openapi({ description: 'An existing `whsec_…` or `whsk_…` to go on with; left out, a new one is made' })

export const NewEndpoint = z
  .strictObject({ ...givenSettings, headers: Headers.default({}), secret: Secret.optional() })
  .openapi('NewEndpoint')
export type NewEndpoint = z.infer<typeof NewEndpoint>

/** What is left out stays; null goes back to the default. The kind of signing changes by a rotation, and whether it is pulled stays. */
export const EndpointChanges = z
  .strictObject({ ...shownSettings, headers: Headers.nullable() })
  .omit({ signing: true, kind: true })
  .partial()
  .openapi('EndpointChanges')
export type EndpointChanges = z.infer<typeof EndpointChanges>

export const Rotation = z
  .strictObject({
    overlap_seconds: wholeNumber(0, 604_800)
      .default(86_400)
      .openapi({ description: 'How long the old key goes on signing beside the new one' }),
    signing: Signing.optional().openapi({ description: 'Left out, the kind stays' }),
    secret: Secret.optional(),
  })
  .openapi('Rotation')
export type Rotation = z.infer<typeof Rotation>

export const TestSent = z.object({ event_id: z.string(), delivery_id: z.string() }).openapi('TestSent')
