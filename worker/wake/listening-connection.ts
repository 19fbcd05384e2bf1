// One connection that listens. Its statements run one after the other, and its end rejects everything that waits for it.
import { EventEmitter, setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import type { Run } from '../../drizzle/run.ts'
import { hangUp, runOn } from '../database.ts'

export interface Notification {
  readonly channel: string
  readonly payload: string | undefined
  /** This very connection sent it. */
  readonly isOwn: boolean
}

export class ListeningConnection extends EventEmitter<{ notification: [Notification] }> {
  readonly #client: pg.Client
  readonly #ended = new AbortController()
  #pid: number | null = null
  #turn: Promise<unknown> = Promise.resolve()

  /** Ends when the server or the network ends it, or when `stop` is aborted. */
  constructor(client: pg.Client, stop: AbortSignal) {
    super()
    this.#client = client
    setMaxListeners(0, this.#ended.signal) // one for each statement that waits
    client.once('end', () => this.#end(new Error('the connection ended')))
    client.on('notification', ({ channel, payload, processId }) =>
      this.emit('notification', { channel, payload, isOwn: processId === this.#pid }),
    )
    const onStop = () => this.#end(new Error('stopped'))
    if (stop.aborted) onStop()
    stop.addEventListener('abort', onStop)
    this.#ended.signal.addEventListener('abort', () => stop.removeEventListener('abort', onStop))
  }

  /** The pid of the backend. The server is asked, because behind a session pooler the client was told another one. */
  async identify(): Promise<number> {
    const [row] = await this.ask('select pg_backend_pid()')
    this.#pid = row![0] as number
    return this.#pid
  }

  readonly run: Run = (statement, parameters) => {
    const answer = this.#turn.then(() => {
      this.#ended.signal.throwIfAborted()
      return runOn(this.#client)(statement, parameters)
    })
    this.#turn = answer.catch(() => {})
    return unlessAborted(answer, this.#ended.signal)
  }

  ask(text: string, parameters: readonly unknown[] = []): Promise<unknown[][]> {
    return this.run({ name: '', text }, parameters)
  }

  /** The answer to a statement of this connection. If it is late, the link is dead: the connection ends with `failure`. */
  async within<T>(milliseconds: number, answer: Promise<T>, failure: Error): Promise<T> {
    const timer = setTimeout(() => this.#end(failure), milliseconds).unref()
    try {
      return await answer
    } finally {
      clearTimeout(timer)
    }
  }

  pause(milliseconds: number): Promise<void> {
    const { signal } = this.#ended
    return sleep(milliseconds, undefined, { signal }).catch(() => signal.throwIfAborted())
  }

  close(): void {
    this.#end(new Error('closed'))
    this.#client.end().catch(() => {})
    hangUp(this.#client)
  }

  #end(reason: Error): void {
    this.#ended.abort(reason)
  }
}

/** Unlike a race against a promise that lives as long as the connection, it leaves nothing behind for each statement. */
function unlessAborted<T>(answer: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort)
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
