// The timer: runs the cron function on its schedule, one run at a time, and none while the listener lets the database sleep. Webhooks leave through the listener's transport,
// which checks the address that is dialled; fetch would leave that to the platform.
import { SettingsError } from '../delivery/settings.ts'
import { runCron } from '../functions/cron/run.ts'
import { DatabaseError } from '../functions/db.ts'
import { log } from '../functions/http/log.ts'
import type { Part } from '../worker/parts/part.ts'
import { createResolve } from '../worker/send/resolve.ts'
import { createTransport } from '../worker/send/transport.ts'
import type { ServerSettings } from './settings.ts'

export function createTimer({ env, cronSeconds, listener }: ServerSettings, isAsleep: () => boolean): Part {
  const transport = createTransport(listener, createResolve(), listener.egressProxy)
  const stopping = new AbortController()
  const everyMs = cronSeconds * 1000
  let timer: NodeJS.Timeout
  let running: Promise<void> | null = null

  function schedule(): void {
    timer = setTimeout(
      () => {
        schedule()
        if (isAsleep()) return
        running ??= run().finally(() => {
          running = null
        })
      },
      everyMs - (Date.now() % everyMs),
    )
  }

  async function run(): Promise<void> {
    try {
      const report = await runCron(env, { send: transport.send, stopping: stopping.signal })
      log('cron run', { ...report })
    } catch (error) {
      // The next run tries again. Other messages than these may repeat what is secret.
      const isSafe = error instanceof DatabaseError || error instanceof SettingsError
      log('cron run failed', { error: isSafe ? error.message : (error as Error).name })
    }
  }

  return {
    start: schedule,
    async stop() {
      clearTimeout(timer)
      stopping.abort()
      await running
      await transport.close()
    },
  }
}
