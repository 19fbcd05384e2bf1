// A batch of endpoints as clients of the API write it.
import { z } from '@hono/zod-openapi'
import { EndpointChanges, NewEndpoint, ShownKey } from '../schema.ts'

/** Of all three kinds together. */
export const maxEndpoints = 200

/** The length is checked before the members, so a million bad ones are one error. */
const list = <Member extends z.ZodType>(member: Member) =>
  z.array(member).max(maxEndpoints, `must have at most ${maxEndpoints} members`).default([])

export const EndpointBatch = z
  .strictObject({
    create: list(NewEndpoint),
    update: list(
      EndpointChanges.extend({ id: z.string() }).openapi('EndpointUpdate', {
        description: 'As in `PATCH /v1/endpoints/{id}`, with the id',
      }),
    ),
    delete: list(z.string()),
  })
  .openapi('EndpointBatch')
export type EndpointBatch = z.infer<typeof EndpointBatch>

export const AppliedBatch = z
  .object({
    created: z
      .array(z.object({ id: z.string(), name: z.string().nullable(), ...ShownKey }))
      .openapi({ description: 'In the order of the request, with the keys, shown this once' }),
    updated: z.array(z.string()),
    deleted: z.array(z.string()),
  })
  .openapi('AppliedBatch')
