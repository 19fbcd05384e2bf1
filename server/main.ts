// `npm run serve`: settings from the environment. SIGTERM and Ctrl-C finish what is under way and exit 0; a second signal
// exits at once.
import { SettingsError } from '../delivery/settings.ts'
import { runServer } from './process.ts'

try {
  process.exit(await runServer(process.env))
} catch (error) {
  console.error(error instanceof SettingsError ? error.message : error)
  process.exit(1)
}
