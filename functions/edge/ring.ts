// Rings: there may be something to send. It never fails what it rings for, because the cron function looks too.
import type { Context } from 'hono'
import type { App, Settings } from '../settings.ts'
import { type ObjectBinding, tryObject } from './object.ts'

/** Whether there is a dispatcher or a doorbell, and one of them was rung. */
export async function ring({ edge, doorbell }: Pick<Settings, 'edge' | 'doorbell'>): Promise<boolean> {
  const rung = await Promise.all([ringAt(edge?.dispatcher), ringAt(doorbell?.object)])
  return rung.includes(true)
}

/** Whether it is there, and has heard. */
export const ringAt = async (object: ObjectBinding | undefined): Promise<boolean> =>
  object !== undefined && (await tryObject(object, '/ring')) !== null

/** The answer does not wait for it. After a failure too: the commit may have happened. */
export function ringLater(c: Context<App>): void {
  const { settings } = c.var
  if (settings.edge ?? settings.doorbell) c.executionCtx.waitUntil(ring(settings))
}
