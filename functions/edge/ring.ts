// Rings the dispatcher: there may be something to send. It never fails what it rings for, because the cron function rings too.
import type { Context } from 'hono'
import { log } from '../http/log.ts'
import { safeReason } from '../http/safe-reason.ts'
import type { App, Settings } from '../settings.ts'
import { tell } from './messages.ts'

/** Whether there is a dispatcher, and it was rung. */
export async function ring({ edge }: Pick<Settings, 'edge'>): Promise<boolean> {
  if (edge === null) return false
  try {
    return await tell(edge.dispatcher, { path: '/ring' })
  } catch (error) {
    log('the dispatcher could not be rung', { error: safeReason(error) })
    return false
  }
}

/** The answer does not wait for it. After a failure too: the commit may have happened. */
export function ringLater(c: Context<App>): void {
  if (c.var.settings.edge !== null) c.executionCtx.waitUntil(ring(c.var.settings))
}
