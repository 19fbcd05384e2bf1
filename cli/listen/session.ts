// One process for one name on this machine. A file says which, and who it was to the outbox: a process that follows one that
// was killed is the same holder, and goes on with what that one held.
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, hostname, userInfo } from 'node:os'
import { join } from 'node:path'
import type { Environment } from '../../delivery/settings.ts'
import { CommandError, exitCodes } from '../exit.ts'

/** It is held for a moment. */
const staleLockMs = 5_000

interface Held {
  readonly holder: string
  /** null = it ended in order. */
  readonly pid: number | null
  /** When that process began, because numbers of processes are used again; null where nobody can say. */
  readonly began: string | null
}

export interface Session {
  readonly holder: string
  /** It follows one that ended: what that one held comes at once. */
  readonly resumes: boolean
  end(): void
}

export function openSession(env: Environment, place: string, takeOver: boolean): Session {
  const file = fileFor(env, 'listen', place)
  const { held, resumes } = alone(`${file}.lock`, () => take(file, takeOver))
  return {
    holder: held.holder,
    resumes,
    end() {
      // Not if it was taken over meanwhile.
      if (readHeld(file)?.pid === process.pid) write(file, { ...held, pid: null })
    },
  }
}

function take(file: string, takeOver: boolean): { held: Held; resumes: boolean } {
  const before = readHeld(file)
  if (before && isAlive(before) && !takeOver)
    throw new CommandError(
      exitCodes.refused,
      `Process ${before.pid} on this machine listens under that name: end it, use --take-over, or another --name.`,
    )
  const resumes = before !== null && !takeOver
  const held = {
    holder: resumes ? before.holder : newHolder(),
    pid: process.pid,
    began: beganAt(process.pid),
  }
  write(file, held)
  return { held, resumes }
}

/** Two that start at the same moment must not both follow the one before: they would be one holder, and both would pull. */
function alone<T>(lock: string, work: () => T): T {
  if (ageMs(lock) > staleLockMs) rmSync(lock, { force: true }) // whoever made it was killed there
  try {
    writeFileSync(lock, '', { flag: 'wx', mode: 0o600 })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    throw new CommandError(exitCodes.refused, 'Another process has just begun to listen under that name.')
  }
  try {
    return work()
  } finally {
    rmSync(lock, { force: true })
  }
}

const ageMs = (file: string) => Date.now() - (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? Infinity)

/** In one step, so that whoever reads it meanwhile reads all of it. */
function write(file: string, held: Held): void {
  writeFileSync(`${file}.${process.pid}`, JSON.stringify(held), { mode: 0o600 })
  renameSync(`${file}.${process.pid}`, file)
}

/** In the folder for state, `~/.local/state/outbox`. */
export function fileFor(env: Environment, kind: string, place: string): string {
  const state = env.XDG_STATE_HOME || join(env.HOME || homedir(), '.local/state')
  const folder = join(state, 'outbox', kind)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  return join(folder, createHash('sha256').update(place).digest('hex').slice(0, 32))
}

export const defaultName = () => clean(`${userInfo().username}-${hostname()}`)

const newHolder = () => `${defaultName()}@${process.pid}-${randomBytes(4).toString('hex')}`

const clean = (text: string) => text.replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 60)

function readHeld(file: string): Held | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}

function isAlive({ pid, began }: Held): boolean {
  if (pid === null || pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false
  }
  const now = beganAt(pid)
  return began === null || now === null || now === began
}

/** On Linux: ticks from the machine's start. */
function beganAt(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
  } catch {
    return null
  }
}
