// Connections to receivers. Each serves one request at a time and is then kept for the next one. There are as many as the
// caller has requests under way: undici's own pools would look through all of them for each request.
import type { Client, Dispatcher } from 'undici'

/** Makes what sends over one connection. It is to `watch` the client that holds the socket. */
export type OpenClient = (origin: string, watch: (client: Client) => void) => Dispatcher

/** One socket at most. undici opens it for the first request, and again if it was closed before a request was written. */
export class Connection {
  readonly origin: string
  readonly dispatcher: Dispatcher
  isOpen = false
  isFree = false

  constructor(origin: string, open: OpenClient, onClosedWhileFree: (connection: Connection) => void) {
    this.origin = origin
    this.dispatcher = open(origin, client =>
      client
        .on('connect', () => {
          this.isOpen = true
        })
        .on('disconnect', () => {
          this.isOpen = false
          if (this.isFree) onClosedWhileFree(this)
        }),
    )
  }

  /** With all that is under way on it. */
  destroy(): Promise<void> {
    return this.dispatcher.destroy()
  }
}

export class Connections {
  readonly #open: OpenClient
  readonly #all = new Set<Connection>()
  /**
   * By origin. Each has an open socket. The one that was used last is used next, so that those which are not needed are
   * closed when they have been idle for long enough.
   */
  readonly #free = new Map<string, Connection[]>()

  constructor(open: OpenClient) {
    this.#open = open
  }

  /** Free and in use. */
  get size(): number {
    return this.#all.size
  }

  /** Origins with a free connection, or one that was free. */
  get origins(): number {
    return this.#free.size
  }

  /** For one request, after which it is released or dropped. */
  take(origin: string): Connection {
    const free = this.#free.get(origin)?.pop()
    if (free !== undefined) {
      free.isFree = false
      return free
    }
    const connection = new Connection(origin, this.#open, closed => this.drop(closed))
    this.#all.add(connection)
    return connection
  }

  /** The response has ended. */
  release(connection: Connection): void {
    if (connection.isOpen) this.#keep(connection)
    else this.drop(connection)
  }

  /** Closes it, in whatever state it is. */
  drop(connection: Connection): void {
    this.#all.delete(connection)
    this.#forgetFree(connection)
    void connection.destroy()
  }

  async close(): Promise<void> {
    const closed = Array.from(this.#all, connection => connection.destroy())
    this.#all.clear()
    this.#free.clear()
    await Promise.all(closed)
  }

  #keep(connection: Connection): void {
    connection.isFree = true
    const free = this.#free.get(connection.origin)
    if (free === undefined) this.#free.set(connection.origin, [connection])
    else free.push(connection)
  }

  /** The last connection of an origin takes the origin's list with it. */
  #forgetFree(connection: Connection): void {
    const free = this.#free.get(connection.origin)
    if (free === undefined) return
    if (connection.isFree) free.splice(free.indexOf(connection), 1)
    connection.isFree = false
    if (free.length === 0) this.#free.delete(connection.origin)
  }
}
