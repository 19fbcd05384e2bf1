// Who sends a request, as far as it can be trusted. Cloudflare sets a header, whatever the client sends in it. Anywhere else
// that header is the client's own word, and counts only where whoever serves has set it (server/api.ts).
import type { Context } from 'hono'
import type { App, Env } from '../settings.ts'

export const addressHeader = 'cf-connecting-ip'

const isSet = Symbol('the address header is set by whoever serves')

/** The same environment, for requests whose header was set. */
export const withAddressHeader = (env: Env): Env => ({ ...env, [isSet]: 'yes' })

const onCloudflare =
  (globalThis as { navigator?: { userAgent?: string } }).navigator?.userAgent === 'Cloudflare-Workers'

/** undefined = nobody can say: then all clients are taken for one. */
export function clientAddress(c: Context<App>): string | undefined {
  return onCloudflare || (c.env && isSet in c.env) ? c.req.header(addressHeader) : undefined
}
