// A batch of events as clients of the API write it.
import { z } from '@hono/zod-openapi'
import { NewEvent } from '../schema.ts'

export const maxEvents = 500

/** The length is checked before the members, so a million bad ones are one error. */
const list = z
  .array(NewEvent)
  .min(1, 'must have at least one event')
  .max(maxEvents, `must have at most ${maxEvents} events`)

export const NewEvents = z.strictObject({ events: list }).openapi('NewEvents')

export const EmittedEvents = z
  .object({
    data: z.array(z.object({ id: z.string().openapi({ example: 'evt_00000000000004d2a1b2c3d4' }) })),
  })
  .openapi('EmittedEvents')
