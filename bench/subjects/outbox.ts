// Outbox as an operator would run it at such volumes: one listener, which logs failures but not every attempt.
import { join } from 'node:path'
import { secretContext } from '../../delivery/endpoint.ts'
import { parseSecret } from '../../delivery/keys.ts'
import { openKeyring } from '../../delivery/secrets.ts'
import { freePort } from '../../dev/ports.ts'
import { smallHeap } from '../../dev/services/listener.ts'
import { untilTrue } from '../clock.ts'
import type { Database, Environment } from '../environment.ts'
import { eventData, eventDataSql, eventType, inFlight } from '../event.ts'
import { type Process, startProcess } from '../process.ts'
import { openPoolWriter, queueSubject, type Writer } from './subject.ts'

const listener = join(import.meta.dirname, '../../worker/main.ts')

export const isOutboxDone = `
  select not exists (select from outbox.fanout)
     and not exists (select from outbox.deliveries where state in ('pending', 'sending'))`

export const outbox = queueSubject({
  name: 'Outbox',
  async createDatabase(environment, { endpoints, fansOut }) {
    const database = await environment.outboxDatabase()
    const paths = Array.from({ length: endpoints }, (_, i) => `/e/${i}`)
    await addEndpoints(environment, database, paths, (_, i) => (fansOut ? null : [eventType(i)]))
    return database
  },
  startSender: (environment, database) => startListener(environment, database),
  async writeMany(client, from, count, { endpoints, fansOut }) {
    const webhooksEach = fansOut ? endpoints : 1
    await client.query(
      `select count(outbox.emit('order.e' || n % $3, ${eventDataSql('n')})) from generate_series($1::bigint, $1 + $2::bigint - 1) n`,
      [from / webhooksEach, count / webhooksEach, endpoints],
    )
  },
  openWriter: openOutboxWriter,
  isDone: isOutboxDone,
})

/** Adds an endpoint for each path at the receiver, or URL elsewhere. `typesOf` null = it gets every event. */
export async function addEndpoints(
  { receiver, masterKeys }: Environment,
  { client }: Database,
  paths: readonly string[],
  typesOf: (path: string, i: number) => string[] | null,
): Promise<string[]> {
  const { rows } = await client.query({
    text: `
      insert into outbox.endpoints (url, event_types, max_in_flight)
      select url, (select array_agg(t) from json_array_elements_text(types) t), $3
      from unnest($1::text[], $2::json[]) with ordinality as given (url, types, place)
      order by place
      returning id::text`,
    values: [
      paths.map(path => new URL(path, receiver.url).href),
      paths.map((path, i) => JSON.stringify(typesOf(path, i) ?? [])),
      inFlight,
    ],
    rowMode: 'array',
  })
  const ids = rows.map(([id]) => id as string)
  const keyring = await openKeyring(masterKeys)
  const { bytes } = (await parseSecret(receiver.secret))!
  // The secret is sealed together with the id of its row, so the ids are drawn before.
  const drawn = await client.query({
    text: `select nextval('outbox.endpoint_secrets_id_seq')::text from generate_series(1, $1)`,
    values: [ids.length],
    rowMode: 'array',
  })
  const secretIds = drawn.rows.map(([id]) => id as string)
  const sealed = await Promise.all(ids.map((id, i) => keyring.seal(bytes, secretContext(secretIds[i]!, id))))
  await client.query(
    `insert into outbox.endpoint_secrets (id, endpoint_id, signing, sealed) overriding system value
     select id, endpoint_id, 'hmac', sealed from unnest($1::bigint[], $2::bigint[], $3::bytea[]) as s (id, endpoint_id, sealed)`,
    [secretIds, ids, sealed.map(bytes => Buffer.from(bytes))],
  )
  return ids
}

/** The settings that listener and functions share. */
export const outboxSettings = ({ masterKeys }: Environment, database: Database) => ({
  DATABASE_URL: database.url,
  DATABASE_URL_UNPOOLED: database.url,
  OUTBOX_MASTER_KEYS: masterKeys,
  OUTBOX_ALLOW_HTTP: 'true',
  OUTBOX_ALLOW_PRIVATE_NETWORKS: '127.0.0.0/8',
})

export async function startListener(
  environment: Environment,
  database: Database,
  settings: Record<string, string> = {},
): Promise<Process> {
  const healthPort = await freePort()
  const isReady = async () =>
    (await fetch(`http://127.0.0.1:${healthPort}/readyz`).catch(() => null))?.ok ?? false
  return startProcess([...smallHeap, ...profiling(), listener], {
    guard: environment.guard,
    env: {
      ...outboxSettings(environment, database),
      OUTBOX_HEALTH_PORT: String(healthPort),
      OUTBOX_LOG_LEVEL: 'warn',
      ...settings,
    },
    untilReady: () => untilTrue(isReady, 20),
  })
}

/** `BENCH_PROFILE=1` leaves a CPU profile of every listener in bench/results/. */
const profiling = () =>
  process.env.BENCH_PROFILE ? ['--cpu-prof', `--cpu-prof-dir=${join(import.meta.dirname, '../results')}`] : []

export async function openOutboxWriter(database: Database): Promise<Writer> {
  return openPoolWriter(database, {
    name: 'emit',
    text: 'select outbox.emit($1, $2)',
    values: (n, endpoint) => [eventType(endpoint), eventData(n)],
  })
}
