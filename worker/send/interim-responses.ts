// Takes interim responses (1xx; RFC 9110, section 15.2) out of what a connection reads, so that undici sees only the final
// one. undici closes a connection on an unasked `100 Continue`, and on a 103 with `connection: close`.
import type { Socket } from 'node:net'
import { SendError } from '../../delivery/send.ts'

/** Before one final response. With more the response is bad: otherwise a flood would keep us busy until the deadline. */
const maxInterimBytes = 65_536

/** For connections without pipelining: what is read after a write is the response to what was written. */
export function skipInterimResponses(socket: Socket): Socket {
  const filter = new InterimFilter()
  const { read, write } = socket
  socket.write = function (this: Socket, ...args: unknown[]) {
    filter.expectResponse()
    return Reflect.apply(write, this, args)
  } as typeof write
  socket.read = function (this: Socket, size?: number) {
    for (;;) {
      const chunk = read.call(this, size)
      if (chunk === null || filter.isIdle) return chunk
      const rest = filter.take(chunk)
      if (rest === 'bad_response') {
        this.destroy(new SendError(rest))
        return null
      }
      // null would say that there is nothing more to read, which is not known when all of the chunk was interim.
      if (rest.length > 0) return rest
    }
  }
  return socket
}

const nothing: Buffer = Buffer.alloc(0)
const cr = 0x0d
const lf = 0x0a
const letterH = 0x48
const digit1 = 0x31

/** The first bytes of an interim response, up to the one after its status. The status ends before that one. */
const interimStart = /^HTTP\/1\.[01] 1\d\d[ \r\n]$/
const exampleStart = 'HTTP/1.1 103 '
const statusEnd = exampleStart.length - 1

export class InterimFilter {
  /**
   * idle: no response is expected, or the final one has begun, so everything passes.
   * start: the next byte is one of the first of a response. head: it is in the head of an interim response.
   */
  #phase: 'idle' | 'start' | 'head' = 'idle'
  /** In `start`: bytes that may yet turn out to be interim. */
  #held = nothing
  /** In `head`: nothing has come since the last line break, so another one ends the head. */
  #isLineEmpty = false
  #skippedBytes = 0

  get isIdle(): boolean {
    return this.#phase === 'idle'
  }

  expectResponse(): void {
    this.#phase = 'start'
    this.#held = nothing
    this.#skippedBytes = 0
  }

  /** What passes of the chunk and of the bytes held before it. */
  take(chunk: Buffer): Buffer | 'bad_response' {
    if (this.#phase === 'start' && this.#held.length === 0 && isSurelyFinal(chunk)) {
      this.#phase = 'idle'
      return chunk
    }
    let rest: Buffer = Buffer.concat([this.#held, chunk])
    this.#held = nothing
    while (rest.length > 0 && this.#phase !== 'idle') {
      const next = this.#phase === 'start' ? this.#takeStart(rest) : this.#takeHead(rest)
      if (next === 'bad_response' || this.#skippedBytes > maxInterimBytes) return 'bad_response'
      rest = next
    }
    return rest
  }

  #takeStart(bytes: Buffer): Buffer | 'bad_response' {
    // RFC 9112, section 2.2: empty lines before a message are no part of it.
    const begin = bytes.findIndex(byte => byte !== cr && byte !== lf)
    if (begin !== 0) return this.#skip(bytes, begin === -1 ? bytes.length : begin)
    const start = bytes.toString('latin1', 0, exampleStart.length)
    if (!interimStart.test(start + exampleStart.slice(start.length))) {
      this.#phase = 'idle'
      return bytes
    }
    if (start.length < exampleStart.length) {
      this.#held = bytes
      return nothing
    }
    // Nobody asked for another protocol, and after this status the connection speaks one.
    if (start.slice(0, statusEnd).endsWith('101')) return 'bad_response'
    this.#phase = 'head'
    this.#isLineEmpty = false
    return this.#skip(bytes, statusEnd)
  }

  /** The head ends with an empty line. A line may end without CR. */
  #takeHead(bytes: Buffer): Buffer {
    let at = 0
    while (at < bytes.length && this.#phase === 'head') {
      const byte = bytes[at++]
      if (byte === lf && this.#isLineEmpty) this.#phase = 'start'
      if (byte !== cr) this.#isLineEmpty = byte === lf
    }
    return this.#skip(bytes, at)
  }

  #skip(bytes: Buffer, length: number): Buffer {
    this.#skippedBytes += length
    return bytes.subarray(length)
  }
}

/** True for nearly every response, which is then not looked at any closer. */
function isSurelyFinal(chunk: Buffer): boolean {
  return chunk.length > 9 && chunk[0] === letterH && chunk[9] !== digit1
}
