// The functions in real workerd, bundled as for deployment; they end with the test file.
import { testSettings } from './settings.ts'
import { type Extras, type Script, startWorkerd } from './workerd.ts'

export interface TestWorker {
  url: string
  /** Paths are relative to the Worker: `fetch('/orders/1')`. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Runs the cron function once, to its end; returns its outcome, `ok` if nothing was thrown. */
  scheduled(time?: Date, cron?: string): Promise<string>
  /** All lines that the Worker has logged so far. */
  logs(): string[]
  close(): Promise<void>
}

export interface WorkerdWorker extends TestWorker {
  /** Puts a message into the queue of this binding, as its producers do. */
  enqueue(binding: string, body: unknown): Promise<void>
}

/** Settings that are not given are those of `testSettings`. */
export const startWorker = (
  env: Record<string, string>,
  script?: Script,
  more?: Extras,
): Promise<TestWorker> => startWorkerdWorker(env, script, more)

export async function startWorkerdWorker(
  env: Record<string, string>,
  script: Script = 'functions/index.js',
  more: Extras = {},
): Promise<WorkerdWorker> {
  const { url, runtime, logs, close } = await startWorkerd(script, { ...testSettings, ...env }, more)
  return {
    url,
    fetch: (path, init) => fetch(url + path, init),
    async scheduled(scheduledTime = new Date(), cron = '* * * * *') {
      const worker = await runtime.getWorker()
      const { outcome } = await worker.scheduled({ cron, scheduledTime })
      return outcome
    },
    async enqueue(binding, body) {
      const queue = await runtime.getQueueProducer(binding)
      await queue.send(body)
    },
    logs: () => logs,
    close,
  }
}
