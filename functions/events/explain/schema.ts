// Explanations: for an event every endpoint with its reason, for a row every condition of its capture.
import { z } from '@hono/zod-openapi'
import { State } from '../../deliveries/schema.ts'

const Verdict = z.enum([
  'matched',
  'type',
  'tenant',
  'created_later',
  'deleted',
  'disabled',
  'not_fanned_out',
  'changed_since',
])

export const Explanation = z
  .object({
    id: z.string().openapi({ example: 'evt_00000000000004d2a1b2c3d4' }),
    endpoints: z.array(
      z.object({
        endpoint_id: z.string(),
        url: z.string(),
        verdict: Verdict,
        delivery_state: State.nullable(),
        story: z
          .string()
          .openapi({ example: 'Does not want order.created: its event_types are order.shipped.' }),
      }),
    ),
  })
  .openapi('Explanation')

export const RowExplanation = z
  .object({
    table: z.string(),
    key: z.string(),
    findings: z.array(z.object({ holds: z.boolean(), finding: z.string() })),
  })
  .openapi('RowExplanation')
