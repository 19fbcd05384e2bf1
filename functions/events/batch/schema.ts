// A batch of events as clients of the API write it.
import { z } from '@hono/zod-openapi'
import { NewEvent } from '../schema.ts'

export const maxEvents = 500
const list = z.array(NewEvent).min(1, 'must have at least one event').max(maxEvents)

/** The length is looked at first: each of a million bad events would be an error in the answer. */
const boundedList = z
  .preprocess((value, context) => {
    if (!Array.isArray(value) || value.length <= maxEvents) return value
    context.addIssue({ code: 'custom', message: `must have at most ${maxEvents} events` })
    return z.NEVER
  }, list)
  .openapi({ minItems: 1, maxItems: maxEvents })

export const NewEvents = z.strictObject({ events: boundedList }).openapi('NewEvents')

export const EmittedEvents = z
  .object({
    data: z.array(z.object({ id: z.string().openapi({ example: 'evt_00000000000004d2a1b2c3d4' }) })),
  })
  .openapi('EmittedEvents')
