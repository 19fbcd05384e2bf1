// The shop's clients and their charges as callers of the API see them.
import { z } from '@hono/zod-openapi'
import { Int64, Time } from '../../openapi/schemas.ts'

export const Client = z
  .object({ id: Int64, name: z.string(), email: z.string(), created_at: Time })
  .openapi('Client')
export type Client = z.infer<typeof Client>

export const Charge = z
  .object({ id: Int64, client_id: Int64, order_id: Int64, amount_cents: Int64, created_at: Time })
  .openapi('Charge')
export type Charge = z.infer<typeof Charge>
