// `npm run serve`: settings from the environment. SIGTERM and Ctrl-C finish what is under way and exit 0; a second signal
// exits at once.
import { SettingsError } from '../delivery/settings.ts'
import { startServer } from './server.ts'
import { readServerSettings } from './settings.ts'

try {
  const server = await startServer(await readServerSettings(process.env))
  let stopping = false
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, async () => {
      if (stopping) process.exit(1)
      stopping = true
      process.exit((await server.stop()) ? 0 : 1)
    })
  }
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error)
  process.exit(1)
}
