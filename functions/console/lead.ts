// A browser that asks for the root is led to the console. Programs get the answer that they got before.
import type { MiddlewareHandler } from 'hono'

export const leadToConsole: MiddlewareHandler = async (c, next) =>
  c.req.header('accept')?.includes('text/html') ? c.redirect('/console', 302) : next()
