// `outbox/app`: the HTTP functions and the cron function, to mount in a Hono app. For workerd, and for Node 22 and newer.
export { createOutbox, type Outbox, type OutboxOptions } from '../functions/app.ts'
