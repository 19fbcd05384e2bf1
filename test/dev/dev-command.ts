// `npm run dev` as a person runs it, in a process group like a terminal's, with its own ports and directory.
import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../../dev/ports.ts'
import { atEnd } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'

export interface Place {
  stateDir: string
  ports: { functions: number; postgres: number; health: number }
}

export async function freshPlace(): Promise<Place> {
  const stateDir = mkdtempSync(join(tmpdir(), 'outbox-dev-'))
  atEnd(() => rmSync(stateDir, { recursive: true, force: true }))
  return {
    stateDir,
    ports: { functions: await freePort(), postgres: await freePort(), health: await freePort() },
  }
}

export class DevCommand {
  readonly url: string
  readonly exited: Promise<number | null>
  readonly #npm: ReturnType<typeof spawn>
  /** Everything printed so far. */
  output = ''
  #ended = false

  constructor({ stateDir, ports }: Place, settings: Record<string, string> = {}, ...flags: string[]) {
    this.url = `http://127.0.0.1:${ports.functions}`
    this.#npm = spawn('npm', ['run', 'dev', '--', '--port', String(ports.functions), ...flags], {
      cwd: join(import.meta.dirname, '../..'),
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env,
        OUTBOX_STATE_DIR: stateDir,
        OUTBOX_POSTGRES_PORT: String(ports.postgres),
        OUTBOX_HEALTH_PORT: String(ports.health),
        ...settings,
      },
    })
    for (const stream of [this.#npm.stdout!, this.#npm.stderr!]) {
      stream.setEncoding('utf8').on('data', text => {
        this.output += text
      })
    }
    this.exited = new Promise(resolve => this.#npm.once('close', resolve)) // after all its output has arrived
    void this.exited.then(() => {
      this.#ended = true
    })
    atEnd(() => this.#endWithForce())
  }

  /** Waits for the first match. */
  async prints(pattern: RegExp, timeoutMs = 5_000): Promise<RegExpMatchArray> {
    await eventually(() => pattern.test(this.output) || this.#ended, { timeoutMs }).catch(() => {})
    const match = this.output.match(pattern)
    if (match) return match
    throw new Error(`expected it to print ${pattern}, but it printed:\n${this.output}`)
  }

  /** npm and its descendants that are still alive and whose command line matches. */
  processes(command = /^/): number[] {
    const table = new Map(processTable().map(entry => [entry.pid, entry]))
    const isOurs = (pid: number | undefined): boolean =>
      pid !== undefined && (pid === this.#npm.pid || isOurs(table.get(pid)?.parent))
    return [...table.values()]
      .filter(entry => isOurs(entry.pid) && command.test(entry.command))
      .map(entry => entry.pid)
  }

  /** Like Ctrl-C in a terminal: a signal to the whole foreground group. */
  pressCtrlC(): void {
    process.kill(-this.#npm.pid!, 'SIGINT')
  }

  killNpm(): void {
    this.#npm.kill('SIGKILL')
  }

  /** After a failed test. */
  #endWithForce(): void {
    for (const pid of this.processes()) {
      try {
        process.kill(pid, 'SIGKILL')
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error // ended together with its parent
      }
    }
  }
}

export function alive(pids: number[]): number[] {
  const all = new Set(processTable().map(({ pid }) => pid))
  return pids.filter(pid => all.has(pid))
}

/** Zombies don't count: they have ended, and only wait for their parent to notice. */
function processTable() {
  const lines = execFileSync('ps', ['-A', '-ww', '-o', 'pid=,ppid=,stat=,args='], { encoding: 'utf8' })
    .trim()
    .split('\n')
  return lines
    .map(line => line.trim().split(/\s+/))
    .filter(([, , state]) => !state!.startsWith('Z'))
    .map(([pid, parent, , ...args]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: args.join(' '),
    }))
}
