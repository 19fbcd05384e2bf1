// A listener's link to the database: a TCP relay that can delay, stall, lose replies or reset. Like a real network it loses
// whole connections, never bytes from the middle of one.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type LinkState =
  | { kind: 'up' }
  | { kind: 'delay'; ms: number }
  /** Nothing gets through, on new connections either; bytes sent meanwhile arrive when the link is up again. */
  | { kind: 'black hole' }
  /** Existing connections are dead without a sign of it; new ones work. */
  | { kind: 'half-open' }
  /** Requests arrive, replies do not. */
  | { kind: 'lost replies' }

const up: LinkState = { kind: 'up' }

export class Link {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #state: LinkState = up

  private constructor(server: Server, databasePort: number) {
    this.#server = server
    server.on('connection', client => {
      const pair = new Pair(client, connect(databasePort, '127.0.0.1'), () => this.#pairs.delete(pair))
      this.#pairs.add(pair)
      if (this.#state.kind !== 'half-open') pair.apply(this.#state)
    })
  }

  static async open(databasePort: number): Promise<Link> {
    const server = createServer({ allowHalfOpen: true })
    const link = new Link(server, databasePort)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return link
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /** Returns the function that ends this state, unless another has replaced it. */
  set(state: LinkState): () => void {
    this.#state = state
    for (const pair of this.#pairs) pair.apply(state)
    return () => {
      if (this.#state === state) this.clear()
    }
  }

  clear(): void {
    this.#state = up
    for (const pair of this.#pairs) pair.apply(up)
  }

  reset(): void {
    for (const pair of this.#pairs) pair.reset()
  }

  close(): void {
    this.#server.close()
    this.reset()
  }
}

/** One connection, in both directions. */
class Pair {
  readonly #client: Socket
  readonly #server: Socket
  #state: LinkState = up
  #lostBytes = false
  #halfClosed = false

  constructor(client: Socket, server: Socket, onEnd: () => void) {
    this.#client = client
    this.#server = server
    this.#relay(client, server)
    this.#relay(server, client)
    server.once('close', onEnd)
  }

  apply(state: LinkState): void {
    // A connection that has lost bytes can't continue. Reset it, so that both ends notice.
    const flows = state.kind === 'up' || state.kind === 'delay'
    if (flows && (this.#lostBytes || this.#halfClosed)) this.reset()
    this.#state = state
    const dead = state.kind === 'black hole' || state.kind === 'half-open'
    if (state.kind === 'half-open' || state.kind === 'lost replies') this.#lostBytes = true
    for (const socket of [this.#client, this.#server]) {
      if (dead) socket.pause()
      else socket.resume()
    }
  }

  reset(): void {
    this.#client.resetAndDestroy()
    this.#server.resetAndDestroy()
  }

  #relay(from: Socket, to: Socket): void {
    // One queue for all chunks, so that none overtakes a delayed one.
    const waiting: { at: number; bytes: Buffer }[] = []
    const pass = () => {
      while (waiting[0] && waiting[0].at <= Date.now()) {
        const { bytes } = waiting.shift()!
        if (to.writable) to.write(bytes)
      }
      if (waiting[0]) setTimeout(pass, waiting[0].at - Date.now())
    }
    from.on('error', () => {}) // 'close' follows
    from.on('data', bytes => {
      const state = this.#state
      if (state.kind === 'lost replies' && from === this.#server) return
      waiting.push({ at: Date.now() + (state.kind === 'delay' ? state.ms : 0), bytes })
      if (waiting.length === 1) pass()
    })
    from.on('end', () => to.end())
    from.on('close', () => {
      const silent = ['black hole', 'half-open', 'lost replies'].includes(this.#state.kind)
      if (silent)
        this.#halfClosed = true // the other end gets no FIN either
      else to.destroy()
    })
  }
}
