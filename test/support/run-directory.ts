// The directory of a test run, with all that its tests write: in memory where there is room. Each test has a database of its
// own, a thousand files, and to make and remove them takes half the time there.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statfsSync } from 'node:fs'
import { freemem, tmpdir } from 'node:os'
import { join } from 'node:path'

/** Linux keeps these files in memory. In a container there may be room for only a few, and programs may not run there. */
const memory = '/dev/shm'
const neededBytes = 6 * 2 ** 30

const begins = 'outbox-test-'

export function makeRunDirectory(): string {
  removeLeftovers()
  const dir = mkdtempSync(join(isUsable() ? memory : tmpdir(), `${begins}${process.pid}-`))
  chmodSync(dir, 0o755) // the server's user walks through it
  return dir
}

function isUsable(): boolean {
  try {
    const { bavail, bsize } = statfsSync(memory)
    const mount = readFileSync('/proc/mounts', 'utf8')
      .split('\n')
      .findLast(line => line.includes(` ${memory} `))
    return Math.min(bavail * bsize, freemem()) > neededBytes && !/\bnoexec\b/.test(mount ?? 'noexec')
  } catch {
    return false
  }
}

/** Of runs that were killed: nobody else would give the memory back. */
function removeLeftovers() {
  try {
    for (const name of readdirSync(memory)) {
      const [, pid] = new RegExp(`^${begins}(\\d+)-`).exec(name) ?? []
      if (pid && !isRunning(Number(pid))) rmSync(join(memory, name), { recursive: true, force: true })
    }
  } catch {} // there is no such directory, or what lies in it is somebody else's
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
