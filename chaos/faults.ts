// The menu of faults: how each is done and undone, and whether it excuses a request that is made again.
import { setTimeout as wait } from 'node:timers/promises'
import { fireCron } from '../dev/services/cron.ts'
import type { Weather } from './link.ts'
import type { FaultKind, PlannedFault } from './plan.ts'
import type { Fault, Replay, Span } from './records.ts'
import type { Replica } from './replica.ts'
import { dyingEndpoint, requestTimeoutSeconds } from './scene.ts'
import type { System } from './system.ts'

/** A thawed replica's last requests take no longer than this. */
const thawMs = requestTimeoutSeconds * 1000 + 500
/** So long after the database or its link is back, whoever waited on it has noticed. */
const reconnectMs = 3_000

interface Ports {
  system: System
  /** Names of the endpoints. */
  endpoints: string[]
  note(fault: Fault): void
  noteReplay(replay: Replay): void
}

interface Done {
  target: string
  /** It goes on by itself until then; else it is over now. */
  until?: number
  dangers?: Span[]
}

type Inject = (planned: PlannedFault) => Promise<Done>

export class Faults {
  readonly #ports: Ports
  readonly #menu: Record<FaultKind, Inject>
  readonly #lingering: Promise<unknown>[] = []

  constructor(ports: Ports) {
    this.#ports = ports
    this.#menu = this.#write()
  }

  /** Returns when it is over and undone, but for cron runs and replays, which take their time. */
  async inject(planned: PlannedFault): Promise<void> {
    const from = Date.now()
    const { target, until = Date.now(), dangers = [] } = await this.#menu[planned.kind](planned)
    this.#ports.note({ kind: planned.kind, target, from, until, dangers })
  }

  /** Cron runs and replays that were begun have ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#lingering)
  }

  #write(): Record<FaultKind, Inject> {
    const { system } = this.#ports
    return {
      'kill replica': async planned => {
        const replica = this.#replica(planned)
        const killed = now()
        await replica.kill()
        await wait(planned.forMs / 4)
        replica.restart()
        return { target: replica.name, dangers: [killed] }
      },
      'freeze replica': async planned => {
        const replica = this.#replica(planned)
        const frozen = now()
        replica.freeze()
        await wait(planned.forMs)
        replica.thaw()
        // What it holds it may still send, although the lease is all but over.
        return { target: replica.name, dangers: [frozen, now(thawMs)] }
      },
      'restart database': async () => {
        const { from } = now()
        await system.restartDatabase()
        return { target: 'database', dangers: [{ from, until: Date.now() + reconnectMs }] }
      },
      'crash backend': async () => {
        const pid = await this.#pidOf(`application_name = 'neon-proxy' or application_name like 'listener-%'`)
        if (pid !== null) killProcess(pid) // Postgres then restarts all of them
        return { target: 'database', dangers: [now(reconnectMs)] }
      },
      'cut LISTEN': async () => {
        await this.#try(
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name like 'listener-%'
           and query ~ 'pg_listening_channels|advisory_(un)?lock[(]1869967992|^listen outbox'`,
        )
        return { target: 'all replicas' }
      },
      'black hole': planned => this.#weather(planned, { kind: 'black hole' }),
      delay: planned => this.#weather(planned, { kind: 'delay', ms: 20 + planned.dose * 5 }),
      'half-open': planned => this.#weather(planned, { kind: 'half-open' }),
      'lost replies': planned => this.#weather(planned, { kind: 'lost replies' }),
      'reset link': async planned => {
        const replica = this.#replica(planned)
        replica.link.reset()
        return { target: replica.name, dangers: [now(reconnectMs)] }
      },
      'receiver outage': async planned => {
        const target = planned.dose < 50 ? dyingEndpoint : this.#endpoint(planned)
        const ms = target === dyingEndpoint ? planned.forMs * 2 : planned.forMs
        await fetch(`${system.receiversUrl}/outage/${target}?ms=${ms}`, { method: 'POST' })
        return { target, until: Date.now() + ms }
      },
      'cron burst': async planned => {
        const runs = Array.from({ length: 2 + (planned.dose % 4) }, () => fireCron(system.functionsUrl))
        this.#lingering.push(...runs)
        return { target: `${runs.length} at once` }
      },
      'edit endpoint': async planned => {
        const target = this.#endpoint(planned)
        await this.#edit(target, 'max_in_flight = $2, description = $3', [
          1 + (planned.dose % 32),
          `edit ${planned.dose}`,
        ])
        return { target }
      },
      'pause endpoint': async planned => {
        const target = this.#endpoint(planned)
        await this.#edit(target, `state = 'paused'`)
        await wait(planned.forMs)
        // Whatever the database is going through: an endpoint that stays paused would be no fault but an operator's wish.
        while (!(await this.#edit(target, `state = 'active'`))) await wait(200)
        return { target }
      },
      replay: planned => this.#replay(planned),
    }
  }

  async #weather(planned: PlannedFault, weather: Weather): Promise<Done> {
    const { link, name } = this.#replica(planned)
    const { from } = now()
    const end = link.set(weather)
    await wait(planned.forMs)
    end()
    return { target: name, dangers: [{ from, until: Date.now() + reconnectMs }] }
  }

  async #replay(planned: PlannedFault): Promise<Done> {
    const target = this.#endpoint(planned)
    const rows = await this.#try(
      `insert into outbox.replays (endpoint_id, since, until, scope, rate_per_second)
       select id, clock_timestamp() - interval '20 s', clock_timestamp(), 'all', 50 from outbox.endpoints
       where url like '%/' || $1 returning id::text`,
      [target],
    )
    // Asked in any case: the answer may have been lost after the commit.
    this.#lingering.push(this.#untilReplayed(target, Date.now(), rows?.[0]?.id ?? null))
    return { target }
  }

  async #untilReplayed(endpoint: string, asked: number, id: string | null): Promise<void> {
    const state = async () =>
      (await this.#try('select state from outbox.replays where id = coalesce($1::bigint, id)', [id])) ?? [
        { state: 'running' },
      ]
    while ((await state()).some(row => row.state === 'running')) await wait(200)
    this.#ports.noteReplay({ endpoint, asked: asked - 1_000, finished: Date.now() })
  }

  #replica({ target }: PlannedFault): Replica {
    return this.#ports.system.replicas[target % this.#ports.system.replicas.length]!
  }

  #endpoint({ target }: PlannedFault): string {
    return this.#ports.endpoints[target % this.#ports.endpoints.length]!
  }

  async #edit(endpoint: string, change: string, values: unknown[] = []): Promise<boolean> {
    const statement = `update outbox.endpoints set ${change} where url like '%/' || $1`
    return (await this.#try(statement, [endpoint, ...values])) !== null
  }

  async #pidOf(which: string): Promise<number | null> {
    const rows = await this.#try(`select pid from pg_stat_activity where ${which} order by pid limit 1`)
    return rows?.[0]?.pid ?? null
  }

  /** null = the database is away just now, by another fault. */
  async #try(statement: string, values: unknown[] = []) {
    return this.#ports.system.pool.query(statement, values).then(
      result => result.rows,
      () => null,
    )
  }
}

function now(forMs = 0): Span {
  return { from: Date.now(), until: Date.now() + forMs }
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has just ended by itself
  }
}
