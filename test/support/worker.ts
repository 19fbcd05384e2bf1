// The Worker in real workerd, bundled for deployment by test/setup.ts; it ends with the test file.
import { inject } from 'vitest'
import { createTestHarness, type TestHarness } from 'wrangler'
import { atEnd } from './cleanup.ts'
import { testSettings } from './settings.ts'

export interface TestWorker {
  url: string
  /** Paths are relative to the Worker: `fetch('/orders/1')`. */
  fetch: TestHarness['fetch']
  /** Fires the cron function once and waits for all it does; returns its outcome, `ok` if nothing was thrown. */
  scheduled(time?: Date): Promise<string>
  /** What the Worker has logged so far. */
  logs(): string[]
  close(): Promise<void>
}

/** Settings that are not given are those of `testSettings`. */
export async function startWorker(env: Record<string, string>): Promise<TestWorker> {
  const harness = createTestHarness({
    root: inject('workerBundle'),
    workers: [{ configPath: 'wrangler.toml', vars: { ...testSettings, ...env } }],
  })
  const { url } = await harness.listen()
  atEnd(() => harness.close())
  return {
    url: url.origin,
    fetch: harness.fetch,
    async scheduled(time = new Date()) {
      const { outcome } = await harness.getWorker().scheduled({ cron: '* * * * *', scheduledTime: time })
      return outcome
    },
    logs: () => harness.getLogs().map(log => log.message),
    close: () => harness.close(),
  }
}
