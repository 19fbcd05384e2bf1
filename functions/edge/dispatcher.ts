// The dispatcher: the one Durable Object of edge sending. Whoever has written events rings, and its alarm looks what there is
// to do. It knows which tokens are out, so all consumers together keep to what an endpoint may have in flight.
//
// It holds nothing that the database does not know: if it is lost, the next ring begins anew.
import { wakeUpAt } from '../../delivery/sleep.ts'
import { createStore } from '../../drizzle/store.ts'
import { findHoldFor } from '../cron/identity.ts'
import { openDatabase } from '../db.ts'
import type { EnvironmentOf } from '../environment.ts'
import { log } from '../http/log.ts'
import { safeReason } from '../http/safe-reason.ts'
import { clock } from '../sending/attempt.ts'
import { maxConnections } from '../sending/limits.ts'
import { type Env, readSettings } from '../settings.ts'
import { wakeAt } from './alarm.ts'
import { consumerSeconds, settlingSeconds } from './consume.ts'
import { type Dispatched, dispatch } from './dispatch.ts'
import { type Report, sooner } from './messages.ts'
import type { ObjectState } from './object.ts'
import { Tokens } from './tokens.ts'
import { Witness } from './witness.ts'

/** After a failure, such as a database that cannot be reached. */
const afterFailureMs = 5_000
const deadlineSeconds = 25

const nothing: Dispatched = { more: false, nextDueInSeconds: null }

/** What the platform calls. */
export interface Dispatcher {
  fetch(request: Request): Promise<Response>
  alarm(): Promise<void>
}

export function dispatcherFor(
  environmentOf: EnvironmentOf,
): new (
  state: ObjectState,
  env: Env,
) => Dispatcher {
  return class OutboxDispatcher implements Dispatcher {
    readonly #state: ObjectState
    readonly #env: Env
    readonly #witness: Witness
    #tokens: Tokens | null = null

    constructor(state: ObjectState, env: Env) {
      this.#state = state
      this.#env = environmentOf(env)
      this.#witness = new Witness(state.storage.sql)
    }

    async fetch(request: Request): Promise<Response> {
      const path = new URL(request.url).pathname
      if (path === '/ring') {
        await this.#wakeIn(0)
        return new Response()
      }
      const tokens = await this.#openTokens()
      switch (path) {
        case '/begin':
          return new Response(null, {
            status: tokens.begin(((await request.json()) as Report).id) ? 200 : 409,
          })
        case '/end':
          await this.#end(tokens, (await request.json()) as Report)
          return new Response()
        default:
          return (await this.#witness.answer(request)) ?? new Response(null, { status: 404 })
      }
    }

    /** Never throws: the platform repeats an alarm that has failed a few times only. */
    async alarm(): Promise<void> {
      try {
        const tokens = await this.#openTokens()
        const { more, nextDueInSeconds } = await this.#dispatch(tokens)
        if (more) await this.#wakeIn(0)
        const nextEnd = tokens.nextEnd()
        const inMs = sooner(
          await this.#waitMs(nextDueInSeconds),
          nextEnd === null ? null : nextEnd - Date.now(),
        )
        if (inMs !== null) await this.#wakeIn(inMs)
      } catch (error) {
        log('dispatching failed, will try again', { error: safeReason(error) })
        await this.#wakeIn(afterFailureMs)
      }
    }

    async #end(
      tokens: Tokens,
      { id, endpointId, more, nextInSeconds, requestSeconds }: Report,
    ): Promise<void> {
      if (requestSeconds !== null) tokens.noteSpeed(endpointId, requestSeconds)
      tokens.end(id)
      const waitMs = more ? 0 : await this.#waitMs(nextInSeconds)
      if (waitMs !== null) await this.#wakeIn(waitMs)
    }

    /** Where the database may sleep, retries of several endpoints share a wake-up. */
    async #waitMs(seconds: number | null): Promise<number | null> {
      if (seconds === null) return null
      const { doorbell } = await readSettings(this.#env)
      const now = Date.now()
      return doorbell === null ? seconds * 1000 : wakeUpAt(seconds * 1000, now)! - now
    }

    #wakeIn(milliseconds: number): Promise<void> {
      return wakeAt(this.#state.storage, Date.now() + Math.max(0, Math.ceil(milliseconds)))
    }

    async #openTokens(): Promise<Tokens> {
      const { delivery } = await readSettings(this.#env)
      const workSeconds = consumerSeconds.slow + delivery.requestTimeoutSeconds + settlingSeconds
      this.#tokens ??= new Tokens(this.#state.storage.sql, workSeconds * 1000)
      return this.#tokens
    }

    async #dispatch(tokens: Tokens): Promise<Dispatched> {
      const settings = await readSettings(this.#env)
      const { edge: bindings } = settings
      if (bindings === null) return nothing
      const db = openDatabase(settings, { deadlineSeconds })
      try {
        // The cron function says why, and rings again.
        if ((await findHoldFor(db, settings, { spend() {} })) !== null) return nothing
        const { disableAfterSeconds } = settings.delivery
        const store = createStore(db.run, { sender: 'edge', clock, disableAfterSeconds })
        return await dispatch({ run: db.run, store, tokens, bindings, maxSlots: maxConnections(settings) })
      } finally {
        await db.close()
      }
    }
  }
}
