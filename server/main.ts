// `npm run serve`: settings from the environment. SIGTERM and Ctrl-C finish what is under way and exit 0; a second signal
// exits at once.
import { SettingsError } from '../delivery/settings.ts'
import { runServer } from './process.ts'

const usage = `npm run serve

API, listener and timer in one process, with settings from the environment: DATABASE_URL, OUTBOX_MASTER_KEYS,
OUTBOX_API_KEYS, and those of .env.example that have a default.`

if (process.argv.includes('--help')) {
  console.log(usage)
  process.exit(0)
}
try {
  process.exit(await runServer(process.env))
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error)
  process.exit(1)
}
