// `npm run listener`: one listener, with settings from the environment. SIGTERM finishes what is in flight and exits 0; a
// second signal exits at once.
import { SettingsError } from '../delivery/settings.ts'
import { runListener } from './process.ts'

try {
  process.exit(await runListener(process.env))
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error)
  process.exit(1)
}
