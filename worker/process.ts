// A process that is one listener, or an ear (OUTBOX_ROLE): from its start to its last signal.
import type { Environment } from '../delivery/settings.ts'
import { startEar } from './ear/ear.ts'
import { readEarSettings, readRole } from './ear/settings.ts'
import { startListener } from './listener.ts'
import { readListenerSettings } from './settings.ts'
import type { Stoppable } from './stoppable.ts'

/**
 * Returns the exit code once it is stopped: 0 = every attempt is recorded. SIGTERM finishes what is in flight; a second signal
 * exits at once. Throws a SettingsError for a setting that is wrong.
 */
export async function runListener(env: Environment): Promise<number> {
  const running =
    readRole(env) === 'ear'
      ? await startEar(readEarSettings(env))
      : await startListener(readListenerSettings(env))
  return runUntilSignal(running)
}

/** Stops it at the first SIGTERM or Ctrl-C; the second one exits at once. Returns the exit code when it has stopped. */
export async function runUntilSignal(running: Stoppable): Promise<number> {
  let signaled = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (signaled) process.exit(1)
      signaled = true
      void running.stop()
    })
  }
  return (await running.ended) ? 0 : 1
}
