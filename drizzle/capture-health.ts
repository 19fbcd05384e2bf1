// The self-check of capture as a method: the functions answer it, the listener measures it.
import { captureHealth } from './queries.gen.ts'
import type { Run } from './store.ts'

export interface CaptureCheck {
  readonly name: string
  readonly value: number
  readonly healthy: boolean
  /** What was found, and where it is not healthy, what to do. */
  readonly advice: string
}

export async function readCaptureHealth(run: Run): Promise<CaptureCheck[]> {
  const rows = await run({ name: 'capture_health', text: captureHealth }, [])
  return rows.map(row => {
    const [name, value, healthy, advice] = row as [string, number, boolean, string]
    return { name, value, healthy, advice }
  })
}
