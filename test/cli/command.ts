// The command `outbox`, run as a process, from its source.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const main = join(import.meta.dirname, '../../cli/main.ts')

export interface Ran {
  exitCode: number | null
  stdout: string
  stderr: string
}

interface Options {
  env?: Record<string, string>
  cwd?: string
  input?: string
}

/** In an environment with nothing of ours. Standard input is no terminal, and empty unless `input` is given. */
export function outbox(args: readonly string[], { env = {}, cwd, input }: Options = {}): Ran {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], {
    cwd,
    input,
    encoding: 'utf8',
    env: { ...ownEnvironment(), ...env },
  })
  return { exitCode: status, stdout, stderr }
}

/** The same for a command that talks to a server in this process. */
export async function outboxWhileWeServe(
  args: readonly string[],
  { env = {}, cwd }: Options = {},
): Promise<Ran> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { ...ownEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { exitCode, stdout, stderr }
}

const ownEnvironment = () => ({
  PATH: process.env.PATH,
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
})
