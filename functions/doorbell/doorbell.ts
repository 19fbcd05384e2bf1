// The doorbell: the one Durable Object that knows whether there is anything to do (bell.ts). What is rung for, and what is due, its
// alarm does at once: it wakes a listener that sleeps, or is a run of the cron function itself. The trigger of the cron function
// asks it too, in case an alarm is lost.
import { runCron, runTimeoutSeconds } from '../cron/run.ts'
import { wakeAt } from '../edge/alarm.ts'
import type { ObjectState } from '../edge/object.ts'
import { Witness } from '../edge/witness.ts'
import type { EnvironmentOf } from '../environment.ts'
import { log } from '../http/log.ts'
import { safeReason } from '../http/safe-reason.ts'
import { type Env, readSettings } from '../settings.ts'
import { type Asked, type Bell, BellRule, type BellTimes, type Looked, newBell } from './bell.ts'
import { wakeListener } from './wake-listener.ts'

/** What the platform calls. */
export interface Doorbell {
  fetch(request: Request): Promise<Response>
  alarm(): Promise<void>
}

const minPauseMs = 1_000
/** The dispatcher of edge sending was rung too, and looks at once. */
const minPauseWithDispatcherMs = 60_000

export function doorbellFor(environmentOf: EnvironmentOf): new (state: ObjectState, env: Env) => Doorbell {
  return class OutboxDoorbell implements Doorbell {
    readonly #storage: ObjectState['storage']
    readonly #env: Env
    readonly #witness: Witness
    #rule: BellRule | null = null

    constructor({ storage }: ObjectState, env: Env) {
      this.#storage = storage
      this.#env = environmentOf(env)
      this.#witness = new Witness(storage.sql)
      storage.sql.exec('create table if not exists bell (id integer primary key, bell text not null)')
    }

    async fetch(request: Request): Promise<Response> {
      const witnessed = await this.#witness.answer(request)
      if (witnessed !== null) return witnessed
      const rule = await this.#openRule()
      const answer = await this.#answer(rule, request)
      await this.#keep(rule)
      return answer
    }

    /** Never throws: the platform repeats an alarm that has failed a few times only. */
    async alarm(): Promise<void> {
      const rule = await this.#openRule().catch(() => null)
      if (rule === null) return // a setting is wrong; every request says which one
      const asked = rule.ask(Date.now())
      await this.#keep(rule)
      if (asked === null) return
      await this.#look(rule, asked)
      await this.#keep(rule)
    }

    async #answer(rule: BellRule, request: Request): Promise<Response> {
      switch (new URL(request.url).pathname) {
        case '/ring':
          rule.ring()
          return new Response()
        case '/ask':
          return Response.json(rule.ask(Date.now()))
        case '/looked':
          note(rule, (await request.json()) as Looked)
          return new Response()
        default:
          return new Response(null, { status: 404 })
      }
    }

    async #look(rule: BellRule, { why, token }: Asked): Promise<void> {
      const { doorbell } = await readSettings(this.#env)
      if (doorbell?.wake && why !== 'time to look' && (await wakeListener(doorbell.wake))) {
        rule.handedOver(token)
        return
      }
      const found = await runCron(this.#env).catch((error: unknown) => {
        log('a look failed, will try again', { error: safeReason(error) })
        return null
      })
      if (found !== null) log('cron run', { why, ...found })
      note(rule, { token, found })
    }

    /** Settings are read only now, because while one of them is wrong there is no rule. */
    async #openRule(): Promise<BellRule> {
      const { doorbell, edge, delivery } = await readSettings(this.#env)
      if (this.#rule) return this.#rule
      const [row] = this.#storage.sql.exec('select bell from bell')
      const bell = row === undefined ? newBell : (JSON.parse(row.bell as string) as Bell)
      const times: BellTimes = {
        lookEveryMs: doorbell!.lookSeconds * 1000,
        maxLookMs: runTimeoutSeconds(delivery) * 1000,
        minPauseMs: edge === null ? minPauseMs : minPauseWithDispatcherMs,
      }
      this.#rule = new BellRule(times, bell)
      return this.#rule
    }

    async #keep({ bell, nextAt }: BellRule): Promise<void> {
      this.#storage.sql.exec('insert or replace into bell values (1, ?)', JSON.stringify(bell))
      await wakeAt(this.#storage, Math.max(Date.now(), nextAt))
    }
  }
}

function note(rule: BellRule, { token, found }: Looked): void {
  if (found === null) rule.failed(token, Date.now())
  else rule.looked(token, found.nextInSeconds === null ? null : found.nextInSeconds * 1000, Date.now())
}
