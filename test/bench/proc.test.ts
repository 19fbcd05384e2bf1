// CPU times from the lines of Linux's /proc.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { familyCpuSeconds, parseStat } from '../../bench/proc.ts'

/** pid, name, state, parent, …; the CPU times are the 14th to the 17th field. */
const stat = (name: string) =>
  `4711 (${name}) S 42 4711 4711 0 -1 4194560 988 0 0 0 120 30 4000 500 20 0 1 0 1575796 3133440 385`

test('the times of a process and of its ended children are user and system time together', () => {
  expect(parseStat(stat('postgres'))).toEqual({ parent: 42, cpuSeconds: 1.5, endedChildrenCpuSeconds: 45 })
})

test('a process name with blanks and brackets does not shift the fields', () => {
  expect(parseStat(stat('a) S 1 (b'))).toEqual(parseStat(stat('postgres')))
})

/** Half a second of work, and then `after`. */
const busy = (after: string) =>
  `const start = process.cpuUsage()
   while (process.cpuUsage(start).user + process.cpuUsage(start).system < 500_000);
   ${after}`

test.runIf(process.platform === 'linux')(
  'the time of a family includes a child that runs and one that has ended (reads /proc, so only on Linux)',
  async () => {
    const family = busy(`
      const { spawn, spawnSync } = require('node:child_process')
      spawnSync(process.execPath, ['-e', ${JSON.stringify(busy(''))}])
      const running = spawn(process.execPath, ['-e', ${JSON.stringify(busy(`console.log('busy'); process.stdin.resume()`))}])
      running.stdout.once('data', () => console.log('done'))
      process.stdin.on('end', () => running.stdin.end()).resume()`)
    const parent = spawn(process.execPath, ['-e', family], { stdio: ['pipe', 'pipe', 'inherit'] })
    try {
      await once(parent.stdout, 'data')
      expect(familyCpuSeconds(parent.pid!)).toBeGreaterThanOrEqual(1.5)
    } finally {
      parent.stdin.end()
      await once(parent, 'exit')
    }
  },
)
