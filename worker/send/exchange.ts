// One request and its response, as undici reports them. Once the status is known, it is the answer, even if the body then
// breaks off, drips until the deadline, or never ends.
import type { Dispatcher } from 'undici'
import type { FailureKind } from '../../delivery/failures.ts'
import { type Response, SendError } from '../../delivery/send.ts'
import type { Connection } from './connections.ts'
import type { Limited } from './deadlines.ts'
import { isExhaustion } from './egress.ts'

/** More of a response's body than this is not read. */
const maxBodyBytes = 65_536

const nothing: Buffer = Buffer.alloc(0)

export class Exchange implements Dispatcher.DispatchHandler, Limited {
  readonly limitMs: number
  readonly deadline: number
  /** null until it has been sent, or when it never was. */
  connection: Connection | null = null
  /** The response has ended, so the connection may serve another request. */
  isComplete = false
  /** null until it is known. */
  seen: Response | SendError | null = null
  readonly onSeen: (seen: Response | SendError) => void
  readonly #onOver: (exchange: Exchange) => void
  #head: Omit<Response, 'body'> | null = null
  #body = nothing
  /** Only if there is more than one. */
  #chunks: Buffer[] | null = null
  #bytes = 0

  /** `onOver` is called once, as soon as it is known what has been seen. undici may not be done with it yet. */
  constructor(
    { limitMs, deadline }: { limitMs: number; deadline: number },
    onSeen: (seen: Response | SendError) => void,
    onOver: (exchange: Exchange) => void,
  ) {
    this.limitMs = limitMs
    this.deadline = deadline
    this.onSeen = onSeen
    this.#onOver = onOver
  }

  /** undici insists on this method. */
  onRequestStart() {}

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, unknown>) {
    if (status < 200) return // no status of a final response: it will fail (interim responses never get here)
    const retryAfter = headers['retry-after']
    const { date } = headers
    this.#head = {
      status,
      retryAfter: retryAfter === undefined ? null : String(retryAfter),
      date: date === undefined ? null : String(date),
    }
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer) {
    if (this.#bytes === 0) this.#body = chunk
    else {
      this.#chunks ??= [this.#body]
      this.#chunks.push(chunk)
    }
    this.#bytes += chunk.length
    // Closes the connection: the rest of the body is not read.
    if (this.#bytes >= maxBodyBytes) controller.abort(new Error('enough'))
  }

  onResponseEnd() {
    this.isComplete = true
    this.fail('bad_response')
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error) {
    this.failWith(error)
  }

  /** Its connection may be in any state, and is not used again. */
  failWith(error: Error) {
    this.fail(failureKind(error))
  }

  expire() {
    this.fail('timeout')
  }

  /** Ends it. With a status that is the answer, otherwise with this failure. Only the first call counts. */
  fail(kind: FailureKind) {
    if (this.seen !== null) return
    this.seen = this.#head === null ? new SendError(kind) : { ...this.#head, body: this.#wholeBody() }
    this.#onOver(this)
  }

  #wholeBody(): Buffer {
    const body = this.#chunks === null ? this.#body : Buffer.concat(this.#chunks)
    return body.length > maxBodyBytes ? body.subarray(0, maxBodyBytes) : body
  }
}

/** For errors after connecting. Without a response the connection failed; an unreadable response is the receiver's fault. */
function failureKind(error: Error & { code?: string }): FailureKind {
  if (error instanceof SendError) return error.kind
  if (isExhaustion(error)) return 'exhausted' // undici loads its parser on first use, from a file
  if (error.name === 'HTTPParserError' || unreadable.has(error.code ?? '')) return 'bad_response'
  if (error.message === 'bad response' || error.message === 'bad upgrade') return 'bad_response'
  if (error.code === 'UND_ERR_INVALID_ARG') return 'invalid_endpoint'
  return error.code === 'UND_ERR_CLOSED' || error.code === 'UND_ERR_DESTROYED' ? 'interrupted' : 'connection'
}
const unreadable = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'])
