// The program of the `functions` container in docker-compose.yml: wrangler, the minute timer it lacks, the demo receivers.
import { join } from 'node:path'
import { generateIfStale } from './generate.ts'
import { startGuard } from './guard.ts'
import { say } from './say.ts'
import { startCron } from './services/cron.ts'
import { startFunctions } from './services/functions.ts'
import { registerReceivers } from './services/receivers.ts'
import { givenSettings } from './settings.ts'
import { Shutdown } from './shutdown.ts'

const root = join(import.meta.dirname, '..')
const settings = givenSettings(process.env)
const shutdown = new Shutdown()
shutdown.listen()

await generateIfStale()
const functions = await startFunctions({
  root,
  dir: join(root, '.outbox'),
  host: '0.0.0.0',
  port: 8787,
  settings,
  guard: startGuard(),
})
shutdown.add(() => functions.stop())
void functions.ended.then(() => shutdown.run(1))

// The listener's container reaches them under this name.
await registerReceivers('http://functions:8787', settings)
shutdown.add(startCron('http://127.0.0.1:8787'))
say('ready', 'http://127.0.0.1:8787')
