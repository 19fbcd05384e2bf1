// What the trigger of the cron function starts. With a doorbell it asks that first, and touches no database where nobody has rung
// and nothing is due.
import type { Asked, Looked } from '../doorbell/bell.ts'
import { tryObject } from '../edge/object.ts'
import { type Env, readSettings } from '../settings.ts'
import { type CronOptions, type Report, runCron } from './run.ts'

export async function runScheduled(env: Env, options?: CronOptions): Promise<Report | { stopped: 'asleep' }> {
  const { doorbell } = await readSettings(env)
  const answer = doorbell && (await tryObject(doorbell.object, '/ask'))
  if (answer === null) return runCron(env, options)
  const asked: Asked | null = await answer.json()
  if (asked === null) return { stopped: 'asleep' }
  const run = runCron(env, options)
  const looked: Looked = { token: asked.token, found: await run.catch(() => null) }
  await tryObject(doorbell!.object, '/looked', looked)
  return run
}
