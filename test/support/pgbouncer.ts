// A real PgBouncer in front of a Postgres, where one is installed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../dev/ports.ts'
import { serverUser } from '../../dev/postgres-binaries.ts'
import { atEnd } from './cleanup.ts'

export const hasPgBouncer = spawnSync('pgbouncer', ['--version']).status === 0

export interface PgBouncer {
  /** The connection string that leads through it. */
  readonly url: string
  /** Ends every connection at once, on both sides, and starts again on the same port. */
  restart(): Promise<void>
}

/** With its default settings, but for those given. */
export async function startPgBouncer(
  url: string,
  pooling: 'session' | 'transaction' | 'statement',
  settings: Record<string, string> = {},
): Promise<PgBouncer> {
  const port = await freePort()
  const file = writeSettings(new URL(url), { port, pooling, settings })
  let running = await run(file)
  const stop = async () => {
    if (running.exitCode !== null || running.signalCode !== null) return
    running.kill('SIGTERM') // at once, without waiting for clients
    await once(running, 'exit')
  }
  atEnd(stop)
  const pooled = new URL(url)
  pooled.port = String(port)
  return {
    url: pooled.href,
    async restart() {
      await stop()
      running = await run(file)
    },
  }
}

/** Returns the path of the file. */
function writeSettings(
  { hostname, port }: URL,
  pooler: { port: number; pooling: string; settings: Record<string, string> },
): string {
  const dir = mkdtempSync(join(tmpdir(), 'outbox-pgbouncer-'))
  atEnd(() => rmSync(dir, { recursive: true, force: true }))
  chmodSync(dir, 0o755)
  writeFileSync(join(dir, 'users.txt'), '"postgres" ""\n')
  const all = {
    listen_addr: '127.0.0.1',
    listen_port: pooler.port,
    unix_socket_dir: '',
    auth_type: 'trust',
    auth_file: join(dir, 'users.txt'),
    pool_mode: pooler.pooling,
    ...pooler.settings,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${value}`)
  const file = join(dir, 'pgbouncer.ini')
  writeFileSync(file, `[databases]\n* = host=${hostname} port=${port}\n[pgbouncer]\n${lines.join('\n')}\n`)
  return file
}

/** Like Postgres, it refuses to run as root. */
async function run(file: string): Promise<ChildProcess> {
  const pooler = spawn('pgbouncer', [file], { ...serverUser, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  const up = Promise.withResolvers<void>()
  createInterface({ input: pooler.stderr! }).on('line', line => {
    log += `${line}\n`
    if (line.includes('process up')) up.resolve()
  })
  pooler.once('exit', () => up.reject(new Error(`PgBouncer did not start:\n${log}`)))
  await up.promise
  return pooler
}
