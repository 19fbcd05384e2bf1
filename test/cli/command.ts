// The command `outbox`, run as a process, from its source.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'

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
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
  })
  return { exitCode: status, stdout, stderr }
}
