// Somebody's own Worker, in which the outbox is mounted: it has routes, a 404, an error page and a cron of its own.
import { Hono } from 'hono'
import { createOutbox } from '../../../functions/app.ts'
import type { Env } from '../../../functions/settings.ts'

const outbox = createOutbox()
const behindMount = createOutbox({ basePath: '/mounted' })

const app = new Hono()
app.use(async (c, next) => {
  await next()
  c.header('x-theirs', 'yes')
})
app.get('/', c => c.text('their page'))
app.get('/broken', () => {
  throw new Error('their mistake')
})
app.get('/webhooks/before', c => c.text('their page'))
app.route('/webhooks', outbox.app)
app.get('/webhooks/after', c => c.text('their page'))
app.get('/webhooks/after/broken', () => {
  throw new Error('their mistake')
})
app.mount('/mounted', behindMount.fetch)
app.notFound(c => c.text('their 404', 404))
app.onError((_error, c) => c.text('their error page', 500))

export default {
  fetch: app.fetch,
  async scheduled({ cron }: { cron: string }, env: Env) {
    if (cron === '* * * * *') return outbox.scheduled(null, env)
    console.log(`their cron ${cron}`)
  },
}
