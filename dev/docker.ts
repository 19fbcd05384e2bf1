// `npm run docker`: generates the secrets that docker-compose.yml needs, once, and starts the containers.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { helpIfAsked, runTool } from './program.ts'
import { Trouble } from './say.ts'

const root = join(import.meta.dirname, '..')
const file = join(root, '.env')
const base64 = () => randomBytes(32).toString('base64')

const usage = `npm run docker -- [options of docker compose up]

Runs the whole system in containers: docker-compose.yml. The first time it writes the secrets into .env.`

const secrets = {
  POSTGRES_PASSWORD: randomBytes(16).toString('hex'),
  OUTBOX_MASTER_KEYS: `docker:${base64()}`,
  OUTBOX_API_KEYS: 'dev:admin:dev',
  NOTIFICATIONS_SECRET: `whsec_${base64()}`,
  BILLING_SECRET: `whsec_${base64()}`,
}

await runTool(() => {
  helpIfAsked(usage)
  requireDocker()
  writeSecrets()
  const compose = ['compose', 'up', '--build', ...process.argv.slice(2)]
  process.exitCode = spawnSync('docker', compose, { cwd: root, stdio: 'inherit' }).status ?? 1
})

/** Before anything is written. */
function requireDocker(): void {
  const { error } = spawnSync('docker', ['--version'])
  if (error)
    throw new Trouble(
      `docker could not be started (${(error as NodeJS.ErrnoException).code}): install Docker, or run everything without it, with npm run dev.`,
    )
  if (spawnSync('docker', ['compose', 'version']).status !== 0)
    throw new Trouble('docker has no `compose`: install the plugin Docker Compose, version 2 or newer.')
  const { status, stderr } = spawnSync('docker', ['info', '--format', '{{.ServerVersion}}'], {
    encoding: 'utf8',
  })
  if (status !== 0) throw new Trouble(`Docker does not answer: start it.\n${stderr.trim()}`)
}

function writeSecrets(): void {
  const known = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const missing = Object.entries(secrets).filter(([name]) => !new RegExp(`^${name}=.`, 'm').test(known))
  if (missing.length === 0) return
  appendFileSync(file, missing.map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 })
  chmodSync(file, 0o600)
  console.log(`wrote ${missing.map(([name]) => name).join(', ')} into .env`)
}
