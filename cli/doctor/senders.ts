// The checks of who delivers, and of what they are kept from. They read tables of the schema.
import { version } from '../../delivery/version.ts'
import { silentAfterSeconds } from '../../functions/system/listeners/schema.ts'
import { duration } from '../output.ts'
import type { Subject } from './database.ts'
import { type Check, fail, ok, warn } from './finding.ts'

/** The cron function runs every minute. */
const cronLateSeconds = 180
const maxLooked = 10_000

/** More would hide the others. */
const maxNamed = 4

/** What grant_roles() gives, as the roles have it. A privilege may be of columns: `UPDATE (sealed, expires_at)`. */
const lackingRights = `
  select role || ' ' || privilege || case kind when 'SCHEMA' then ' on the schema ' else ' on ' end || object as lacking
  from outbox.role_rights()
  join pg_roles on rolname = role
  cross join lateral regexp_split_to_table(privileges, ', *(?![^(]*[)])') as privilege
  where not case kind
    when 'SCHEMA' then has_schema_privilege(role, object, privilege)
    when 'SEQUENCE' then has_sequence_privilege(role, object, privilege)
    when 'FUNCTION' then has_function_privilege(role, object, privilege)
    else case when privilege ~ '[(]' then (
      select bool_and(has_column_privilege(role, object, trim(name), split_part(privilege, ' ', 1)))
      from regexp_split_to_table(substring(privilege from '[(](.*)[)]'), ',') as name
    ) else has_table_privilege(role, object, privilege) end
  end
  order by 1`

export const senderChecks: Readonly<Record<string, Check<Subject>>> = {
  async rights({ client }) {
    const { rows } = await client.query(lackingRights)
    if (rows.length === 0) return ok('the roles may do what their processes do')
    const named = rows.slice(0, maxNamed).map(({ lacking }) => lacking as string)
    const others = rows.length > maxNamed ? ` and ${rows.length - maxNamed} more` : ''
    return fail(`rights were taken away (${named.join(', ')}${others}): SELECT outbox.grant_roles()`)
  },
  async heartbeats({ client }) {
    const { rows } = await client.query(
      `select name, extract(epoch from clock_timestamp() - seen_at)::float8 as silent from outbox.listeners
       where seen_at between clock_timestamp() - interval '1 hour' and clock_timestamp() - make_interval(secs => $1)`,
      [silentAfterSeconds],
    )
    if (rows.length === 0) return ok('no listener has fallen silent')
    const names = rows.map(({ name, silent }) => `${name} for ${duration(silent)}`)
    return fail(
      `a listener has given no sign of life: ${names.join(', ')}. Look at its log, and start it again`,
    )
  },
  async versions({ client }) {
    const { rows } = await client.query(
      `select name, version from outbox.listeners where seen_at > clock_timestamp() - make_interval(secs => $1)
       union all select 'the cron function', version from outbox.last_cron_run`,
      [silentAfterSeconds],
    )
    const others = rows.filter(row => row.version !== version)
    return others.length === 0
      ? ok(`all that runs is version ${version}`)
      : warn(
          `${others.map(row => `${row.name} is ${row.version}`).join(', ')}, and this is ${version}: deploy the same everywhere`,
        )
  },
  async cron({ client }) {
    const { rows } = await client.query(
      `select extract(epoch from clock_timestamp() - r.finished_at)::float8 as ago, f.failure,
              extract(epoch from clock_timestamp() - f.failed_at)::float8 as failed_ago
       from (values (1)) as one (id) left join outbox.last_cron_run r using (id) left join outbox.failed_cron_run f using (id)`,
    )
    const [{ ago, failure, failed_ago: failedAgo }] = rows as [
      { ago: number | null; failure: string | null; failed_ago: number | null },
    ]
    return cronFinding(ago, failure === null ? null : { failure, secondsAgo: failedAgo! })
  },
  async egress({ client }) {
    const { rows } = await client.query(
      `select reason, count(*)::int as n, count(distinct endpoint_id)::int as endpoints
       from (select reason, endpoint_id from outbox.delivery_rows where state in ('pending', 'dead') and reason is not null limit $1) d
       group by reason`,
      [maxLooked],
    )
    return egressFinding(rows)
  },
  async 'api keys in use'({ client }) {
    const { rows } = await client.query(
      `select name, extract(epoch from expires_at - clock_timestamp())::float8 as "secondsLeft" from outbox.api_keys
       where expires_at < clock_timestamp() + interval '7 days' order by expires_at limit 20`,
    )
    return expiryFinding(rows)
  },
}

interface FailedRun {
  readonly failure: string
  readonly secondsAgo: number
}

export function cronFinding(secondsAgo: number | null, failed: FailedRun | null) {
  if (failed !== null && (secondsAgo === null || failed.secondsAgo < secondsAgo))
    return fail(
      `the cron function failed ${duration(failed.secondsAgo)} ago (${failed.failure}): see its log`,
    )
  if (secondsAgo === null)
    return warn(
      'the cron function never ran to its end: without it nobody covers for a missing listener. Deploy it, with its trigger every minute',
    )
  return secondsAgo > cronLateSeconds
    ? warn(
        `the cron function ran last ${duration(secondsAgo)} ago: see its log, and its trigger every minute`,
      )
    : ok(`it ran ${duration(secondsAgo)} ago`)
}

interface Blamed {
  readonly reason: string
  readonly n: number
  readonly endpoints: number
}

const network = ['dns', 'connection', 'timeout', 'tls']

/** One receiver that cannot be reached has its own trouble. Several at once point to our network. */
export function egressFinding(rows: readonly Blamed[]) {
  const blocked = rows.find(({ reason }) => reason === 'blocked_address')
  if (blocked)
    return fail(
      `${blocked.n} deliveries are blocked, because their host is no public address: mend the URL, or name the network in OUTBOX_ALLOW_PRIVATE_NETWORKS`,
    )
  const unreachable = rows.filter(({ reason }) => network.includes(reason))
  return unreachable.some(({ endpoints }) => endpoints > 2)
    ? warn(
        `several receivers cannot be reached (${unreachable.map(({ reason, n }) => `${reason} ${n}`).join(', ')}): may this network reach the internet? See its firewall and its name server`,
      )
    : ok('nothing keeps webhooks from leaving')
}

export function expiryFinding(keys: readonly { readonly name: string; readonly secondsLeft: number }[]) {
  const expired = keys.filter(({ secondsLeft }) => secondsLeft <= 0).map(({ name }) => name)
  if (expired.length > 0)
    return warn(
      `expired, so whoever uses it is refused: ${expired.join(', ')}. outbox keys create, then outbox keys revoke`,
    )
  const soon = keys.map(({ name, secondsLeft }) => `${name} in ${duration(secondsLeft)}`)
  return soon.length > 0
    ? warn(`about to expire: ${soon.join(', ')}. outbox keys create gives out another one`)
    : ok('none expires within a week')
}
