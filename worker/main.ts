// `npm run listener`: one listener, with settings from the environment. SIGTERM finishes what is in flight and exits 0; a
// second signal exits at once.
import { SettingsError } from '../delivery/settings.ts'
import { runListener } from './process.ts'

const usage = `npm run listener

Delivers webhooks until it is stopped, with settings from the environment: DATABASE_URL_UNPOOLED, OUTBOX_MASTER_KEYS, and
those of .env.example that have a default. npm run listener:dev takes them from the running npm run dev.`

if (process.argv.includes('--help')) {
  console.log(usage)
  process.exit(0)
}
try {
  process.exit(await runListener(process.env))
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error)
  process.exit(1)
}
