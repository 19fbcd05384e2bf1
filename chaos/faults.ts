// The menu of faults: how each is done and undone, and whether it excuses a request that is made again.
import { setTimeout as wait } from 'node:timers/promises'
import pg from 'pg'
import { fireCron } from '../dev/services/cron.ts'
import type { Weather } from './link.ts'
import type { Listener } from './listener.ts'
import type { FaultKind, PlannedFault } from './plan.ts'
import type { Danger, Fault, Replay, Skew } from './records.ts'
import type { System } from './system.ts'
import { dyingEndpoint, requestTimeoutSeconds } from './topology.ts'

/** Below the time limit of requests: nothing fails, but much is on its way. */
const stallMs = (requestTimeoutSeconds * 1000) / 2
/** A thawed replica's last requests take no longer than this. */
const thawMs = requestTimeoutSeconds * 1000 + 500
/** The longest pause between two tries to write outcomes down (worker/settle/settler.ts), and the try itself. */
const settleRetryMs = 6_000
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
  dangers?: Danger[]
  skew?: Skew
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
    const { target, until = Date.now(), dangers = [], skew } = await this.#menu[planned.kind](planned)
    this.#ports.note({ kind: planned.kind, target, from, until, dangers, ...(skew && { skew }) })
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
        const killed = now(0, replica)
        await replica.kill()
        await wait(planned.forMs / 4)
        replica.restart()
        return { target: replica.name, dangers: [killed, now(0, replica)] }
      },
      'freeze replica': planned => this.#freeze(this.#replica(planned), planned.forMs),
      // The busiest, so that there is something in its hands when the others take it away.
      'freeze past lease': async planned => {
        await fetch(`${system.receiversUrl}/stall?ms=${stallMs}`, { method: 'POST' })
        await wait(stallMs / 2)
        const busiest = system.replicas.reduce((a, b) => (b.busy > a.busy ? b : a))
        return this.#freeze(busiest, planned.forMs)
      },
      'skew clock': async planned => {
        const replica = this.#replica(planned)
        const ms = skewMs(planned.dose)
        const from = now(0, replica)
        replica.skewMs = ms
        replica.restart()
        await wait(planned.forMs)
        replica.skewMs = 0
        replica.restart()
        const until = now(0, replica)
        return {
          target: `${replica.name} by ${Math.round(ms / 60_000)} min`,
          dangers: [from, until],
          skew: { replica: replica.name, from: from.from, until: until.until, ms },
        }
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
      'read-only database': async planned => {
        const { from } = now()
        await this.#try('alter system set default_transaction_read_only = on')
        await this.#try('select pg_reload_conf()')
        await wait(planned.forMs)
        await this.#insist('alter system reset default_transaction_read_only')
        await this.#insist('select pg_reload_conf()')
        return { target: 'database', dangers: [{ from, until: Date.now() + settleRetryMs }] }
      },
      'no connections left': async planned => {
        const { from } = now()
        const letGo = await takeConnections(system.databaseUrl)
        await wait(planned.forMs)
        await letGo()
        return { target: 'database', dangers: [{ from, until: Date.now() + settleRetryMs }] }
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
        return { target: replica.name, dangers: [now(reconnectMs, replica)] }
      },
      'receiver outage': async planned => {
        const target = planned.dose < 50 ? dyingEndpoint : this.#endpoint(planned)
        await fetch(`${system.receiversUrl}/outage/${target}?ms=${planned.forMs}`, { method: 'POST' })
        return { target, until: Date.now() + planned.forMs }
      },
      'cron burst': async planned => {
        const runs = Array.from({ length: 2 + (planned.dose % 4) }, () => fireCron(system.functionsUrl))
        this.#lingering.push(...runs)
        return { target: `${runs.length} at once` }
      },
      'edit endpoint': async planned => {
        const target = this.#endpoint(planned)
        const change = { max_in_flight: 1 + (planned.dose % 32), description: `edit ${planned.dose}` }
        await this.#ask('PATCH', target, '', change)
        return { target }
      },
      'pause endpoint': async planned => {
        const target = this.#endpoint(planned)
        await this.#ask('POST', target, '/pause')
        await wait(planned.forMs)
        // Whatever the database is going through: one that stays paused would be no fault but an operator's wish.
        while (!(await this.#ask('POST', target, '/resume'))) await wait(200)
        return { target }
      },
      // The old key goes on signing, so the receivers need not learn the new one. Ten keys are the most.
      'rotate secret': async planned => {
        const target = this.#endpoint(planned)
        await this.#ask('POST', target, '/rotate', { overlap_seconds: 86_400 })
        return { target }
      },
      replay: planned => this.#replay(planned),
    }
  }

  async #freeze(replica: Listener, forMs: number): Promise<Done> {
    const frozen = now(0, replica)
    replica.freeze()
    await wait(forMs)
    replica.thaw()
    // What it holds it may still send, although the lease is all but over.
    return { target: replica.name, dangers: [frozen, now(thawMs, replica)] }
  }

  async #weather(planned: PlannedFault, weather: Weather): Promise<Done> {
    const { link, name } = this.#replica(planned)
    const { from } = now()
    const end = link.set(weather)
    await wait(planned.forMs)
    end()
    return { target: name, dangers: [{ from, until: Date.now() + reconnectMs, replica: name }] }
  }

  async #replay(planned: PlannedFault): Promise<Done> {
    const target = this.#endpoint(planned)
    const asked = Date.now()
    const since = new Date(asked - 20_000).toISOString()
    await this.#ask('POST', target, '/replay', { since, only: 'all' })
    // Also when no answer came: it may have been lost after the commit.
    this.#lingering.push(this.#untilReplayed(target, asked))
    return { target }
  }

  async #untilReplayed(endpoint: string, asked: number): Promise<void> {
    const running = () => this.#try(`select from outbox.replays where state = 'running'`)
    while ((await running())?.length !== 0) await wait(200)
    this.#ports.noteReplay({ endpoint, asked, finished: Date.now() })
  }

  #replica({ target }: PlannedFault): Listener {
    return this.#ports.system.replicas[target % this.#ports.system.replicas.length]!
  }

  #endpoint({ target }: PlannedFault): string {
    return this.#ports.endpoints[target % this.#ports.endpoints.length]!
  }

  /** Returns whether the API did it: it may be away itself, by another fault. */
  async #ask(method: string, endpoint: string, action: string, body = {}): Promise<boolean> {
    const { ask, endpointIds } = this.#ports.system
    const answer = await ask(method, `/v1/endpoints/${endpointIds.get(endpoint)}${action}`, body)
    await answer?.arrayBuffer().catch(() => {})
    return answer?.ok ?? false
  }

  async #pidOf(which: string): Promise<number | null> {
    const rows = await this.#try(`select pid from pg_stat_activity where ${which} order by pid limit 1`)
    return rows?.[0]?.pid ?? null
  }

  /** What must be undone is tried until it is. */
  async #insist(statement: string): Promise<void> {
    while ((await this.#try(statement)) === null) await wait(200)
  }

  /** null = the database is away just now, by another fault. */
  async #try(statement: string) {
    return this.#ports.system.pool.query(statement).then(
      result => result.rows,
      () => null,
    )
  }
}

function now(forMs = 0, replica?: Listener): Danger {
  const span = { from: Date.now(), until: Date.now() + forMs }
  return replica ? { ...span, replica: replica.name } : span
}

/** Up to two hours, before or after. */
function skewMs(dose: number): number {
  const minutes = 2 + dose * 1.19
  return (dose % 2 === 0 ? minutes : -minutes) * 60_000
}

/** All that Postgres gives. Returns the function that gives them back. */
async function takeConnections(databaseUrl: string): Promise<() => Promise<unknown>> {
  const clients = Array.from({ length: 100 }, () => new pg.Client({ connectionString: databaseUrl }))
  for (const client of clients) client.on('error', () => {})
  await Promise.allSettled(clients.map(client => client.connect()))
  return () => Promise.allSettled(clients.map(client => client.end()))
}

function killProcess(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // it has just ended by itself
  }
}
