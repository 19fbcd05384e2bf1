// The whole outbox as a process of its own, as `npm run serve` starts it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { atEnd } from './cleanup.ts'
import { eventually } from './eventually.ts'
import { testSettings } from './settings.ts'

const main = join(import.meta.dirname, '../../server/main.ts')

export interface ServerProcess {
  readonly url: string
  fetch(path: string, init?: RequestInit): Promise<Response>
  signal(signal: NodeJS.Signals): void
  /** Its output so far, on standard output and standard error. */
  said(): string
  /** The exit code, or the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>
}

/** Returns once it serves. */
export async function startServerProcess(env: Record<string, string>): Promise<ServerProcess> {
  const { said, exited, signal } = spawnServer(env)
  const url = await eventually(() => /"url":"([^"]+)"/.exec(said())?.[1] ?? false)
  return { url, fetch: (path, init) => fetch(url + path, init), signal, said, exited }
}

/** For settings with which it does not start. */
export async function runServer(env: Record<string, string>) {
  const { said, exited } = spawnServer(env)
  return { code: await exited, said: said() }
}

function spawnServer(env: Record<string, string>) {
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...testSettings,
      OUTBOX_PORT: '0',
      OUTBOX_HEALTH_PORT: '0',
      ...env,
    },
  })
  // All of its output has been read by then.
  const exited = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  atEnd(async () => {
    child.kill('SIGKILL')
    await exited
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', data => {
      output += data
    })
  }
  return { said: () => output, exited, signal: (signal: NodeJS.Signals) => void child.kill(signal) }
}
