// Writers that change things throughout the faults: through the API and through SQL, with a tenth of the SQL rolled back.
// Their journal has the outcome they saw of each change; the shop's own tables have the real one.
import { setTimeout as wait } from 'node:timers/promises'
import type pg from 'pg'
import type { Random } from '../dev/random.ts'
import type { Journal } from './journal.ts'
import type { Write } from './records.ts'
import type { System } from './system.ts'

const keys = 40
/** More would only wait for each other. */
const maxAtOnce = 8

export async function prepareShop(pool: pg.Pool, orders: number): Promise<void> {
  await pool.query(`
    create schema chaos;
    create table chaos.keys (key text primary key, version int not null);
    create table chaos.facts (token text primary key);
    insert into chaos.keys select 'k' || n, 0 from generate_series(1, ${keys}) as n;
    begin;
    set local outbox.capture = 'off';
    insert into clients (name, email) values ('Chaos & Sons', 'chaos@example.com');
    insert into orders (client_id) select (select max(id) from clients) from generate_series(1, ${orders});
    commit`)
}

interface Ports {
  pool: pg.Pool
  ask: System['ask']
  journal: Journal<Write>
  random: Random
  /** Changes per second. */
  rate: number
}

export class Writers {
  readonly #ports: Ports
  readonly #inFlight = new Set<Promise<void>>()
  #order = 0
  #fact = 0
  #running = false
  #done: Promise<void> = Promise.resolve()

  constructor(ports: Ports) {
    this.#ports = ports
  }

  start(): void {
    this.#running = true
    this.#done = this.#run()
  }

  /** Resolves when the outcome of every change begun is in the journal. */
  async stop(): Promise<void> {
    this.#running = false
    await this.#done
    await Promise.all(this.#inFlight)
  }

  async #run(): Promise<void> {
    const { rate, random } = this.#ports
    for (let next = Date.now(); this.#running; next = Math.max(next + 1000 / rate, Date.now() - 1000)) {
      await wait(Math.max(0, next - Date.now()))
      if (this.#inFlight.size >= maxAtOnce) continue
      const change = random.chance(1 / 3) ? this.#updateOrder(++this.#order) : this.#recordFact(++this.#fact)
      const tracked = change.finally(() => this.#inFlight.delete(tracked))
      this.#inFlight.add(tracked)
    }
  }

  async #updateOrder(id: number): Promise<void> {
    const answer = await this.#ports.ask('PATCH', '/orders/update', { id, status: 'shipped' })
    await answer?.arrayBuffer().catch(() => {})
    this.#note(`orders/${id}`, answer?.ok ? 'committed' : 'unknown')
  }

  async #recordFact(number: number): Promise<void> {
    const { pool, random } = this.#ports
    const token = `fact-${number}`
    const openMs = random.chance(0.05) ? 300 : random.between(0, 50)
    const end = random.chance(0.1) ? 'rollback' : 'commit'
    const key = `k${random.between(1, keys)}`
    const outcome = await transact(pool, end, async client => {
      await client.query(
        `with next as (update chaos.keys set version = version + 1 where key = $2 returning key, version),
              fact as (insert into chaos.facts values ($1))
         select outbox.emit('fact.recorded', jsonb_build_object('token', $1::text, 'key', key, 'version', version), key)
         from next`,
        [token, key],
      )
      await wait(openMs)
    })
    this.#note(token, outcome)
  }

  #note(token: string, outcome: Write['outcome']): void {
    this.#ports.journal.append({ token, outcome, at: Date.now(), promptly: false })
  }
}

/** Only a broken commit leaves the outcome unknown: a connection cut before it means a rollback. */
export async function transact(
  pool: pg.Pool,
  end: 'commit' | 'rollback',
  change: (client: pg.PoolClient) => Promise<unknown>,
): Promise<Write['outcome']> {
  let outcome: Write['outcome'] = 'rolled back'
  let client: pg.PoolClient | undefined
  let failure: Error | undefined
  try {
    client = await pool.connect()
    await client.query('begin')
    await change(client)
    if (end === 'commit') outcome = 'unknown'
    await client.query(end)
    if (end === 'commit') outcome = 'committed'
  } catch (error) {
    failure = error as Error
  }
  client?.release(failure)
  return outcome
}
