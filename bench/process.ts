// A process of the benchmark: reports when it is ready, what it costs, and how it failed.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Child, startChild } from '../dev/child.ts'
import type { Guard } from '../dev/guard.ts'
import { say, Trouble } from '../dev/say.ts'
import { parseStat } from './proc.ts'

const root = join(import.meta.dirname, '..')

export interface Process extends Child {
  /** Resolves with the rest of the first line that begins with this word. */
  line(word: string): Promise<string>
}

interface Options {
  guard: Guard
  env?: NodeJS.ProcessEnv
  /** The beginning of the line that it prints when it is ready. */
  readyLine?: string
  /** For a process that prints no such line. */
  untilReady?: () => Promise<void>
}

export async function startProcess(
  args: string[],
  { guard, env, readyLine = 'ready', untilReady }: Options,
): Promise<Process> {
  const lines: string[] = []
  let onLine = () => {}
  const child = startChild(args, {
    cwd: root,
    guard,
    env: { ...process.env, ...env },
    onLine(text) {
      lines.push(text)
      onLine()
    },
  })
  const died = child.ended.then(how => {
    throw new Trouble(`${args.at(-1)} ended (${how}):\n${lines.slice(-20).join('\n')}`)
  })
  died.catch(() => {}) // a caller that waits for a line gets the error; a process that we stop has not failed
  const line = (word: string) => {
    const found = new Promise<string>(resolve => {
      const check = () => {
        const text = lines.find(candidate => candidate.startsWith(word))
        if (text === undefined) onLine = check
        else {
          lines.splice(lines.indexOf(text), 1)
          resolve(text.slice(word.length).trim())
        }
      }
      check()
    })
    return Promise.race([found, died])
  }
  await (untilReady ? Promise.race([untilReady(), died]) : line(readyLine))
  return {
    ...child,
    line,
    async stop() {
      await child.stop(20_000)
      for (const text of lines.slice(0, 3)) say('output', text)
    },
  }
}

export interface Cost {
  /** CPU time so far, user and system. */
  cpuSeconds: number
  memoryMb: number
}

/** On Linux in hundredths of a second; elsewhere as exactly as `ps` has it. */
export function costOf(pid: number): Cost {
  if (process.platform !== 'linux') return costByPs(pid)
  const { cpuSeconds } = parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return {
    cpuSeconds,
    memoryMb: Number(/VmRSS:\s+(\d+)/.exec(status)![1]) / 1024,
  }
}

function costByPs(pid: number): Cost {
  const [memory, time] = execFileSync('ps', ['-o', 'rss=,time=', '-p', String(pid)], { encoding: 'utf8' })
    .trim()
    .split(/\s+/)
  const cpuSeconds = time!.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return { cpuSeconds, memoryMb: Number(memory) / 1024 }
}
