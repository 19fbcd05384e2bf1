// CPU time of processes, as Linux's /proc has it.
import { readdirSync, readFileSync } from 'node:fs'

export interface ProcessTimes {
  readonly parent: number
  /** User and system time of the process itself. */
  readonly cpuSeconds: number
  /** The same for those of its children that have ended, and for theirs. */
  readonly endedChildrenCpuSeconds: number
}

/** The clock in /proc ticks a hundred times a second on every Linux. */
const ticksPerSecond = 100

/** Reads the text of `/proc/<pid>/stat`. */
export function parseStat(text: string): ProcessTimes {
  // The process name may contain anything, so the fields are counted from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const seconds = (...places: number[]) =>
    places.reduce((sum, place) => sum + Number(fields[place]), 0) / ticksPerSecond
  return { parent: Number(fields[1]), cpuSeconds: seconds(11, 12), endedChildrenCpuSeconds: seconds(13, 14) }
}

/** CPU time of a process and its children, also of those that have ended: of Postgres, when `pid` is the postmaster's. */
export function familyCpuSeconds(pid: number): number {
  for (;;) {
    const before = timesOf(pid)!
    const running = readdirSync('/proc')
      .filter(name => /^\d+$/.test(name))
      .flatMap(name => timesOf(name) ?? [])
      .filter(({ parent }) => parent === pid)
    // A child that ended meanwhile would count twice or not at all.
    if (timesOf(pid)!.endedChildrenCpuSeconds !== before.endedChildrenCpuSeconds) continue
    const own = before.cpuSeconds + before.endedChildrenCpuSeconds
    return running.reduce((sum, child) => sum + child.cpuSeconds, own)
  }
}

/** User and system time of each thread of a process, by the thread's id. */
export function threadsCpuSeconds(pid: number): ReadonlyMap<string, number> {
  const threads = readdirSync(`/proc/${pid}/task`)
  return new Map(threads.map(id => [id, timesOf(`${pid}/task/${id}`)?.cpuSeconds ?? 0]))
}

/** null when the process has ended meanwhile. */
function timesOf(pid: number | string): ProcessTimes | null {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return null
  }
}
