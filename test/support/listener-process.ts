// A listener as a process of its own, so that it can be killed, frozen and stopped like a container.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { atEnd } from './cleanup.ts'
import { testSettings } from './settings.ts'

const main = join(import.meta.dirname, '../../worker/main.ts')

export interface ListenerProcess {
  pid: number
  /** Asks its health server. */
  ask(path: string, timeoutMs?: number): Promise<Response>
  signal(signal: NodeJS.Signals): void
  /** As if the reader of its output had died. */
  closeOutput(): void
  /** Its output so far, on standard output and standard error. */
  said(): string
  /** The exit code, or the signal that ended it. */
  exited: Promise<number | NodeJS.Signals>
}

export interface ListenerOptions {
  /** What its output must contain before the test goes on. */
  says?: string
  /** A command that becomes the listener, such as prlimit. */
  wrapper?: readonly string[]
  /** A file descriptor for its standard output, which is then not read here. */
  output?: 'pipe' | number
}

/** Returns once its output contains `says`, by default that it listens; at once if its output is not read here. */
export async function startListenerProcess(
  url: string,
  env: Record<string, string> = {},
  { says = '"msg":"listening"', wrapper = [], output = 'pipe' }: ListenerOptions = {},
): Promise<ListenerProcess> {
  const [command, ...args] = [...wrapper, process.execPath, main]
  const child = spawn(command!, args, {
    stdio: ['ignore', output, 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...testSettings,
      DATABASE_URL_UNPOOLED: url,
      OUTBOX_HEALTH_PORT: '0',
      OUTBOX_REQUEST_TIMEOUT_SECONDS: '5',
      ...env,
    },
  })
  const exited = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals)
  atEnd(async () => {
    child.kill('SIGKILL')
    await exited
  })
  let said = ''
  child.stdout?.on('data', data => {
    said += data
  })
  child.stderr!.on('data', data => {
    said += data
    process.stderr.write(data)
  })
  if (output === 'pipe') await saying(child, says)
  return {
    pid: child.pid!,
    ask: (path, timeoutMs = 10_000) =>
      fetch(`http://127.0.0.1:${/"health_port":(\d+)/.exec(said)![1]}${path}`, {
        signal: AbortSignal.timeout(timeoutMs),
      }),
    signal: signal => void child.kill(signal),
    closeOutput: () => child.stdout?.destroy(),
    said: () => said,
    exited,
  }
}

async function saying(child: ChildProcess, words: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  createInterface({ input: child.stdout! }).on('line', line => {
    if (line.includes(words)) resolve()
  })
  child.once('exit', code => reject(new Error(`the listener exited with ${code} before it said: ${words}`)))
  await promise
}

/** For a listener that is to fail: runs until it exits. `output` is what it printed on both streams. */
export async function runListener(env: Record<string, string>) {
  const child = spawn(process.execPath, [main], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      ...testSettings,
      ...env,
    },
  })
  atEnd(() => child.kill('SIGKILL'))
  const [out, errors, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { code, errors, output: out + errors }
}
