// A replica's link to the database: a TCP relay that can be slow, dead, half dead or cut. Like a real network it loses
// whole connections, never a piece out of the middle of one.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'

export type Weather =
  | { kind: 'fair' }
  | { kind: 'delay'; ms: number }
  /** Nothing flows, also on new connections; what was sent meanwhile arrives when the weather is fair again. */
  | { kind: 'black hole' }
  /** The connections there are have died in silence; new ones are fine. */
  | { kind: 'half-open' }
  /** Requests arrive, replies do not. */
  | { kind: 'lost replies' }

const fair: Weather = { kind: 'fair' }

export class Link {
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #weather: Weather = fair

  private constructor(server: Server, databasePort: number) {
    this.#server = server
    server.on('connection', client => {
      const pair = new Pair(client, connect(databasePort, '127.0.0.1'), () => this.#pairs.delete(pair))
      this.#pairs.add(pair)
      if (this.#weather.kind !== 'half-open') pair.feel(this.#weather)
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

  /** Returns the function that ends it, unless other weather has come meanwhile. */
  set(weather: Weather): () => void {
    this.#weather = weather
    for (const pair of this.#pairs) pair.feel(weather)
    return () => {
      if (this.#weather === weather) this.clear()
    }
  }

  clear(): void {
    this.#weather = fair
    for (const pair of this.#pairs) pair.feel(fair)
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
  #weather: Weather = fair
  #lostBytes = false
  #halfGone = false

  constructor(client: Socket, server: Socket, onEnd: () => void) {
    this.#client = client
    this.#server = server
    this.#relay(client, server)
    this.#relay(server, client)
    server.once('close', onEnd)
  }

  feel(weather: Weather): void {
    // A connection that has lost bytes can never go on: whoever still waits on it is told so now.
    const flows = weather.kind === 'fair' || weather.kind === 'delay'
    if (flows && (this.#lostBytes || this.#halfGone)) this.reset()
    this.#weather = weather
    const dead = weather.kind === 'black hole' || weather.kind === 'half-open'
    if (weather.kind === 'half-open' || weather.kind === 'lost replies') this.#lostBytes = true
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
    // One line for all: what was delayed is never overtaken.
    const waiting: { at: number; bytes: Buffer }[] = []
    const pass = () => {
      while (waiting[0] && waiting[0].at <= Date.now()) {
        const { bytes } = waiting.shift()!
        if (to.writable) to.write(bytes)
      }
      if (waiting[0]) setTimeout(pass, waiting[0].at - Date.now())
    }
    from.on('error', () => {}) // told by 'close'
    from.on('data', bytes => {
      const weather = this.#weather
      if (weather.kind === 'lost replies' && from === this.#server) return
      waiting.push({ at: Date.now() + (weather.kind === 'delay' ? weather.ms : 0), bytes })
      if (waiting.length === 1) pass()
    })
    from.on('end', () => to.end())
    from.on('close', () => {
      const silent = ['black hole', 'half-open', 'lost replies'].includes(this.#weather.kind)
      if (silent)
        this.#halfGone = true // no goodbye comes through either
      else to.destroy()
    })
  }
}
