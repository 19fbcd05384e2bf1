// Who hears the writers: two of the listeners of a database, however many there are. If each heard every notification, each
// would ask the database for the same event, and twenty listeners would cost it twenty times as much as one.
//
// A place is an advisory lock of the session that listens, so it is free again when that session ends, for whatever reason. The
// first acts at once. The second acts a moment later, in case the first is frozen, or cannot send at present. The others try for
// a place with each heartbeat, and as soon as they hear that somebody left one. If both are lost at once, the heartbeats of the
// others find what nobody heard of.
import type { ListeningConnection } from './listening-connection.ts'

export type Place = 'first' | 'second'

/** The second half of the lock's key. */
const locks = { first: 6, second: 7 } as const

export class OnCall {
  readonly #connection: Pick<ListeningConnection, 'ask'>
  /** It hears the writers whoever else does: an ear sends nothing, so it must not take a place from those who send. */
  readonly #besides: boolean
  #place: Place | null = null
  #hasLeft = false
  /** One at a time: a session that takes a lock twice has to give it up twice. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(connection: Pick<ListeningConnection, 'ask'>, besides: boolean) {
    this.#connection = connection
    this.#besides = besides
  }

  /** null = it is not on call. */
  get place(): Place | null {
    return this.#place
  }

  /** Takes the best place that is free. Whether it is on call only now: what writers said before, it has not heard. */
  take(): Promise<boolean> {
    return this.#inTurn(async () => {
      if (this.#hasLeft || this.#place === 'first') return false
      if (this.#besides || (await this.#tryLock('first'))) return this.#begin('first')
      return this.#place === null && (await this.#tryLock('second')) && this.#begin('second')
    })
  }

  /** Gives up every lock of its session, also that of one who polls. Afterwards it takes no place any more. */
  leave(): Promise<void> {
    this.#hasLeft = true
    return this.#inTurn(async () => {
      this.#place = null
      await this.#connection.ask('select pg_advisory_unlock_all()')
      await this.#connection.ask('unlisten outbox')
    })
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(step)
    this.#turn = done.catch(() => {})
    return done
  }

  async #begin(place: Place): Promise<boolean> {
    const before = this.#place
    if (before === null) await this.#connection.ask('listen outbox')
    else await this.#connection.ask(`select pg_advisory_unlock(1869967992, ${locks[before]})`)
    this.#place = place
    return before === null
  }

  async #tryLock(place: Place): Promise<boolean> {
    const [row] = await this.#connection.ask(`select pg_try_advisory_lock(1869967992, ${locks[place]})`)
    return row![0] === true
  }
}
