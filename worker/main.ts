// `npm run listener`: one listener, with settings from the environment. SIGTERM finishes what is in flight and exits 0; a
// second signal exits at once.
import { SettingsError } from '../delivery/settings.ts'
import { startListener } from './listener.ts'
import { readListenerSettings } from './settings.ts'

try {
  const listener = await startListener(readListenerSettings(process.env))
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, async () => {
      if (stopping) process.exit(1)
      stopping = true
      process.exit((await listener.stop()) ? 0 : 1)
    })
  }
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error)
  process.exit(1)
}
