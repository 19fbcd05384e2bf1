// `outbox status`: how things stand, in a few lines. Read from the database, so it works without the functions too.
import type { Command } from 'commander'
import { formatId } from '../../delivery/ids.ts'
import * as queries from '../../drizzle/queries.gen.ts'
import { type Connection, requireSchema, withConnection } from '../connection.ts'
import { contextOf } from '../globals.ts'
import type { Output } from '../output.ts'

/** As in GET /v1/stats: counting costs a quarter of a second at most. */
const maxCounted = 100_000
const maxEndpoints = 1_000
/** More would not be "a few lines". */
const maxShown = 10

export function addStatus(program: Command): void {
  program
    .command('status')
    .description('print what waits, what is dead, who listens, and which endpoints are behind')
    .action(async (_options, command: Command) => {
      const { env, out } = contextOf(command)
      const status = await withConnection(env, readStatus)
      out.result(status, describe(status, out))
    })
}

type Status = Awaited<ReturnType<typeof readStatus>>

async function readStatus({ client, run }: Connection) {
  await requireSchema(run)
  const found = await queries.stats(run, { tenant: null, maxCounted, maxEndpoints })
  const { rows } = await client.query(
    `select (select count(distinct application_name)::int from pg_stat_activity
             where datname = current_database() and application_name like 'listener-%') as listeners,
            array(select relation::text from outbox.watches order by 1) as watched`,
  )
  return {
    listeners: rows[0].listeners as number,
    watched: rows[0].watched as string[],
    deliveries: { pending: found.pending, sending: found.sending, dead: found.dead },
    capped: found.isCapped ?? false,
    delivered_last_hour: found.delivered,
    oldest_pending_seconds: found.oldestPendingSeconds,
    endpoints: found.endpoints.map(({ id, nonce, ...counts }) => ({
      id: formatId('ep', id, nonce),
      ...counts,
    })),
  }
}

function describe(status: Status, out: Output): string[] {
  const { deliveries, capped, endpoints, watched, listeners, oldest_pending_seconds: oldest } = status
  const more = capped ? '+' : ''
  const behind = endpoints.filter(({ pending, dead, state }) => pending + dead > 0 || state !== 'active')
  return [
    `listeners   ${listeners === 0 ? out.style('yellow', 'none: start one with outbox listener') : listeners}`,
    `watched     ${watched.join(', ') || "nothing: SELECT outbox.watch('your_table')"}`,
    `pending     ${deliveries.pending}${more}${oldest === null ? '' : `, the oldest due for ${Math.round(oldest)} s`}`,
    `sending     ${deliveries.sending}`,
    `dead        ${deliveries.dead > 0 ? out.style('red', `${deliveries.dead}${more}`) : 0}`,
    `delivered   ${status.delivered_last_hour} in the last hour`,
    `endpoints   ${endpoints.length}${behind.length > 0 ? `, of which ${behind.length} are behind or not active` : ''}`,
    ...out.table(
      behind
        .slice(0, maxShown)
        .map(({ id, state, pending, dead }) => [id, state, `${pending} pending`, `${dead} dead`]),
    ),
  ]
}
