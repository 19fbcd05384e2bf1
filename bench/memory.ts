// How much memory a process takes while something runs, and whether it grows.
import { costOf } from './process.ts'

/** The peak, and how much higher the second half's peak is than the first half's: near 0 = flat. */
export function watchMemory(pid: number): { stop(): { most: number; growth: number } } {
  const samples: number[] = []
  const timer = setInterval(() => samples.push(costOf(pid).memoryMb), 100)
  return {
    stop() {
      clearInterval(timer)
      samples.push(costOf(pid).memoryMb)
      const half = Math.ceil(samples.length / 2)
      const most = Math.max(...samples)
      return { most, growth: Math.max(...samples.slice(half - 1)) - Math.max(...samples.slice(0, half)) }
    },
  }
}
