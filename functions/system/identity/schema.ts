// Which database this is, and whether anything keeps senders from sending out of it.
import { z } from '@hono/zod-openapi'
import { Time } from '../../openapi/schemas.ts'

const Facts = z
  .strictObject({
    system: z.string().optional().openapi({ description: 'Which installation of Postgres' }),
    database: z.string().openapi({ description: 'Which database in it' }),
    neon: z.string().optional().openapi({ description: 'On Neon: which project and branch' }),
  })
  .openapi('DatabaseFacts', { description: 'What tells this database from its copies' })
export type Facts = z.infer<typeof Facts>

export const System = z
  .object({
    state: z.enum(['unbound', 'bound', 'held']).openapi({
      description:
        'unbound: nobody has sent from here, and the first sender binds the database. bound: it sends. held: it may be a ' +
        'copy, and nothing is sent until it is adopted',
    }),
    reason: z.string().nullable().openapi({ description: 'Why it is held, and what to do' }),
    facts: Facts,
    bound: z
      .object({
        facts: Facts,
        addresses: z.array(z.string()).openapi({ description: 'Under which senders reach its server' }),
        by: z.string(),
        at: Time,
        adopted_as: z.enum(['replacement', 'new']).nullable(),
        adopted_at: Time.nullable(),
      })
      .nullable()
      .openapi({ description: 'The database that has sent so far' }),
    held_senders: z.array(
      z.object({ address: z.string(), sender: z.string(), since: Time, last_asked: Time }),
    ),
  })
  .openapi('System')
export type System = z.infer<typeof System>

export const Adoption = z
  .strictObject({
    as: z.enum(['replacement', 'new']).openapi({
      description:
        'replacement: it takes the place of the original, or is that one after an upgrade or a move; what waits is sent. ' +
        'new: a database of its own, for a test for example; what waits is canceled, and every endpoint is paused',
    }),
    facts: Facts.openapi({ description: 'Those of GET /v1/system: the database that you mean' }),
  })
  .openapi('Adoption')

export const Adopted = z
  .object({
    adopted: z.boolean().openapi({
      description:
        'false: so much waits that this request has canceled only a part. Send it again, with another key',
    }),
    canceled: z.int().openapi({ description: 'What waited: events and deliveries' }),
    paused: z.int().openapi({ description: 'Endpoints' }),
  })
  .openapi('Adopted')
export type Adopted = z.infer<typeof Adopted>
