// `npm run docker`: generates the secrets that docker-compose.yml needs, once, and starts the containers.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { appendFileSync, chmodSync, existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const file = join(root, '.env')
const base64 = () => randomBytes(32).toString('base64')

const secrets = {
  POSTGRES_PASSWORD: randomBytes(16).toString('hex'),
  OUTBOX_MASTER_KEYS: `docker:${base64()}`,
  OUTBOX_API_KEYS: 'dev:admin:dev',
  NOTIFICATIONS_SECRET: `whsec_${base64()}`,
  BILLING_SECRET: `whsec_${base64()}`,
}

const known = existsSync(file) ? readFileSync(file, 'utf8') : ''
const missing = Object.entries(secrets).filter(([name]) => !new RegExp(`^${name}=.`, 'm').test(known))
if (missing.length > 0) {
  appendFileSync(file, missing.map(([name, value]) => `${name}=${value}\n`).join(''), { mode: 0o600 })
  chmodSync(file, 0o600)
  console.log(`wrote ${missing.map(([name]) => name).join(', ')} into .env`)
}

const compose = ['compose', 'up', '--build', ...process.argv.slice(2)]
const { status, error } = spawnSync('docker', compose, { cwd: root, stdio: 'inherit' })
if (error) console.error(`docker could not be started: ${error.message}`)
process.exit(status ?? 1)
