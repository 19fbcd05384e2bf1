// A person at a terminal: the command runs on a pseudo-terminal in a shell, as it does for people, and keys are typed.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { stripVTControlCharacters } from 'node:util'
import { expect } from 'vitest'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'

const main = join(import.meta.dirname, '../../cli/main.ts')

export const keys = { enter: '\r', ctrlC: '\u0003', down: '\u001b[B', space: ' ' } as const

/** `script` of util-linux makes the pseudo-terminal. */
export const hasTerminals = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes(
  'util-linux',
)

export class Terminal {
  /** All that was ever written to it, with what moves the cursor. */
  raw = ''
  readonly #child: ChildProcess
  readonly #closed: Promise<unknown>

  constructor(child: ChildProcess) {
    this.#child = child
    this.#closed = once(child, 'close')
    child.stdout!.on('data', data => {
      this.raw += data
    })
    atEnd(async () => {
      child.kill('SIGKILL')
      await this.#closed
    })
  }

  get text(): string {
    return stripVTControlCharacters(this.raw)
  }

  shows = (words: string | RegExp) =>
    eventually(() => expect(this.text).toMatch(typeof words === 'string' ? literally(words) : words))

  type(text: string): void {
    this.#child.stdin!.write(text)
  }

  /** The exit code, once the shell has said it, and whether the terminal is left as it was found. */
  async ended(): Promise<{ exitCode: number; isRestored: boolean }> {
    await this.shows(/exit code \d+/)
    await this.#closed
    const exitCode = Number(/exit code (\d+)/.exec(this.text)![1])
    const isLineMode = /[^-]icanon/.test(this.text) && /[^-]echo\b/.test(this.text)
    return { exitCode, isRestored: isLineMode && this.#cursorIsShown() }
  }

  #cursorIsShown(): boolean {
    return this.raw.lastIndexOf('\u001b[?25h') >= this.raw.lastIndexOf('\u001b[?25l')
  }
}

const literally = (text: string) => new RegExp(text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`

export function openTerminal(
  args: readonly string[],
  { env, cwd }: { env: Record<string, string>; cwd: string },
): Terminal {
  const command = [process.execPath, main, ...args].map(quoted).join(' ')
  // The shell outlives Ctrl-C, as one that a person types into does.
  const shell = `trap : INT; stty cols 100 rows 30; ${command}; echo "exit code $?"; stty -a`
  const child = spawn('script', ['--quiet', '--command', shell, '/dev/null'], {
    cwd,
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
      TERM: 'xterm-256color',
      SHELL: '/bin/sh',
      ...env,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  return new Terminal(child)
}
