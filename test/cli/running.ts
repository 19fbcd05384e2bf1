// A command that goes on until it is stopped.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { expect } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'

const main = join(import.meta.dirname, '../../cli/main.ts')

export class Running {
  stdout = ''
  stderr = ''
  readonly exited: Promise<number | null>
  readonly #child: ChildProcess
  constructor(child: ChildProcess) {
    this.#child = child
    this.exited = once(child, 'exit').then(([code]) => code)
    child.stdout!.on('data', data => {
      this.stdout += data
    })
    child.stderr!.on('data', data => {
      this.stderr += data
    })
    atEnd(async () => {
      child.kill('SIGKILL')
      await this.exited
    })
  }

  said = (words: RegExp, options?: { timeoutMs: number }) =>
    eventually(() => expect(this.stderr).toMatch(words), options)
  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }
}

export function startCommand(args: string[], { env, cwd }: { env: Record<string, string>; cwd: string }) {
  const child = spawn(process.execPath, [main, ...args], {
    cwd,
    env: { PATH: process.env.PATH, NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  return new Running(child)
}
