// `npm run listener`: one replica, from the environment. SIGTERM finishes what is in flight and exits 0; a second signal
// does not wait.
import { SettingsError } from '../delivery/settings.ts'
import { startListener } from './listener.ts'
import { readListenerSettings } from './settings.ts'

try {
  const replica = await startListener(readListenerSettings(process.env))
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, async () => {
      if (stopping) process.exit(1)
      stopping = true
      process.exit((await replica.stop()) ? 0 : 1)
    })
  }
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error)
  process.exit(1)
}
