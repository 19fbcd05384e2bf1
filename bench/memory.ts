// The peak of a process's memory while something runs, and whether it grows.
import { costOf } from './process.ts'

/** `max` is the peak. `growth` is the second half's peak over the first half's: near 0 = flat. */
export function watchMemory(pid: number): { stop(): { max: number; growth: number } } {
  const samples: number[] = []
  const timer = setInterval(() => samples.push(costOf(pid).memoryMb), 100)
  return {
    stop() {
      clearInterval(timer)
      samples.push(costOf(pid).memoryMb)
      const half = Math.ceil(samples.length / 2)
      const max = Math.max(...samples)
      return { max, growth: Math.max(...samples.slice(half - 1)) - Math.max(...samples.slice(0, half)) }
    },
  }
}
