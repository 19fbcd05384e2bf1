// A bare PATCH: Hono, one UPDATE through Neon's driver, no validation, no keys, no limits.
import { neon, neonConfig } from '@neondatabase/serverless'
import { Hono } from 'hono'

interface Env {
  DATABASE_URL: string
  NEON_PROXY: string
}

const app = new Hono<{ Bindings: Env }>()

app.patch('/orders/:id', async c => {
  neonConfig.fetchEndpoint = `${c.env.NEON_PROXY}/sql`
  const { status } = await c.req.json<{ status: string }>()
  const sql = neon(c.env.DATABASE_URL)
  const [order] = await sql`update orders set status = ${status} where id = ${c.req.param('id')} returning *`
  return order ? c.json(order) : c.notFound()
})

export default app
