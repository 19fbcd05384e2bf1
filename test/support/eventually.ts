// The one way to wait in tests: look again until it is so, and say what was last seen if it never is.
import { setTimeout as wait } from 'node:timers/promises'

/**
 * How long is a matter of patience, not of the product: a starved machine needs more, and a test that passes never waits
 * so long.
 *
 * Calls `look` until it neither throws nor answers "not yet" (false, null, 0, ''), and returns its answer.
 * undefined counts as done, so that a bare `expect(…)` will do: after `find` write `?? null`.
 */
export async function eventually<T>(look: () => T | Promise<T>, { timeoutMs = 20_000 } = {}) {
  const start = performance.now()
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    const seen = await attempt(look)
    if ('answer' in seen && (seen.answer || seen.answer === undefined))
      return seen.answer as Exclude<T, false | null | 0 | ''>
    if (performance.now() - start > timeoutMs) throw notInTime(seen, timeoutMs)
    await wait(pauseMs)
  }
}

type Seen<T> = { answer: T } | { error: unknown }

async function attempt<T>(look: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { answer: await look() }
  } catch (error) {
    return { error }
  }
}

function notInTime<T>(seen: Seen<T>, timeoutMs: number): unknown {
  if (!('error' in seen))
    return new Error(`not so after ${timeoutMs} ms: the last answer was ${String(seen.answer)}`)
  // The assertion's own error, so that its diff is shown.
  if (seen.error instanceof Error) seen.error.message = `not so after ${timeoutMs} ms: ${seen.error.message}`
  return seen.error
}
