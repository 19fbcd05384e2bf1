// The one way to wait in tests: checks again until the condition holds, and reports the last result if it never does.
import { setTimeout as wait } from 'node:timers/promises'

/**
 * Calls `check` until it neither throws nor answers "not yet" (false, null, 0, ''), and returns its answer.
 * undefined counts as done, so that a bare `expect(…)` is enough: after `find` write `?? null`.
 *
 * A timeout says nothing about the product: it is long for the sake of a busy machine, and a passing test never waits so
 * long. On CI's machine, which others share, it is four times as long.
 */
export async function eventually<T>(check: () => T | Promise<T>, { timeoutMs: given = 30_000 } = {}) {
  const start = performance.now()
  const timeoutMs = process.env.CI && given >= 1_000 ? given * 4 : given
  for (let pauseMs = 5; ; pauseMs = Math.min(pauseMs * 2, 100)) {
    const seen = await attempt(check)
    if ('answer' in seen && (seen.answer || seen.answer === undefined))
      return seen.answer as Exclude<T, false | null | 0 | ''>
    if (performance.now() - start > timeoutMs) throw notInTime(seen, timeoutMs)
    await wait(pauseMs)
  }
}

type Seen<T> = { answer: T } | { error: unknown }

async function attempt<T>(check: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { answer: await check() }
  } catch (error) {
    return { error }
  }
}

function notInTime<T>(seen: Seen<T>, timeoutMs: number): unknown {
  if (!('error' in seen))
    return new Error(`not so after ${timeoutMs} ms: the last answer was ${String(seen.answer)}`)
  // The assertion's own error, which has its diff.
  if (seen.error instanceof Error) seen.error.message = `not so after ${timeoutMs} ms: ${seen.error.message}`
  return seen.error
}
